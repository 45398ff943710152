"""The user filestore on a real server with a real folder and a token cache that gives out real keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fb_testing.keyed import NAMESPACE, key_server, keys, runner, running_key_server
from fb_testing.keys import KeyServer
from fb_testing.servers import serving
from user_filestore import api

__all__ = ["key_server", "keys", "runner", "running_key_server"]  # fixtures

PLATFORM = "formbuilder-platform-test-dev"
SECRET = "a secret of forty-eight characters for the tests"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "var/files"


@pytest.fixture
def configured(key_server: KeyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "CONTAINER_ROOT": str(tmp_path),
        "OBJECT_STORE": "file:///var/files",
        "STORAGE_SECRET": SECRET,
        "SERVICE_TOKEN_CACHE_ROOT_URL": key_server.url,
        "SERVICES_NAMESPACE": NAMESPACE,
        "NAMESPACE": PLATFORM,
        "MAX_BODY_BYTES": "100000",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def url(configured: None) -> Iterator[str]:
    """The address of a running filestore."""
    with serving(api.build()) as address:
        yield address
