"""The user datastore on a real server, with a real database and a token cache that gives out real keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fb_testing.databases import database_url, postgresql
from fb_testing.keyed import key_server, keys, runner, running_key_server
from fb_testing.keys import KeyServer
from fb_testing.servers import serving
from user_datastore import api

__all__ = ["database_url", "key_server", "keys", "postgresql", "runner", "running_key_server"]  # fixtures


@pytest.fixture
def url(key_server: KeyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a running datastore."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/answers.db")
    monkeypatch.setenv("SERVICE_TOKEN_CACHE_ROOT_URL", key_server.url)
    monkeypatch.setenv("MAX_BODY_BYTES", "2000")
    with serving(api.build()) as address:
        yield address
