"""The user datastore on a real server, with a real database and a token cache that gives out real keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fb_platform.database import Database
from fb_testing import postgres
from fb_testing.keyed import NAMESPACE, SLUG, key_server, keys, runner, running_key_server
from fb_testing.keys import KeyServer
from fb_testing.servers import serving
from user_datastore import api

# fixtures and names that the tests here use
__all__ = ["NAMESPACE", "SLUG", "key_server", "keys", "runner", "running_key_server"]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str | None]:
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/data/answers.db"
        return
    url = request.getfixturevalue("postgresql")
    if url is None:
        pytest.skip("PostgreSQL is not installed on this machine")
    yield url
    database = Database(url)
    database.run("drop table if exists answers")
    database.close()


@pytest.fixture
def url(key_server: KeyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a running datastore."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/answers.db")
    monkeypatch.setenv("SERVICE_TOKEN_CACHE_ROOT_URL", key_server.url)
    monkeypatch.setenv("MAX_BODY_BYTES", "2000")
    with serving(api.build()) as address:
        yield address
