"""The user datastore on a real server, with a real database and a token cache that gives out real keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fb_platform.database import Database
from fb_testing import postgres
from fb_testing.keys import KeyServer, key_pair
from fb_testing.runner import Runner
from fb_testing.servers import serving
from user_datastore import api

SLUG, NAMESPACE = "complaints", "formbuilder-services-test-dev"


@pytest.fixture(scope="session")
def keys() -> tuple[str, str]:
    return key_pair()


@pytest.fixture(scope="session")
def running_key_server() -> Iterator[KeyServer]:
    server = KeyServer()
    with serving(server.app) as server.url:
        yield server


@pytest.fixture
def key_server(running_key_server: KeyServer, keys: tuple[str, str]) -> KeyServer:
    running_key_server.reset({(SLUG, NAMESPACE): keys[1]})
    return running_key_server


@pytest.fixture
def runner(keys: tuple[str, str]) -> Runner:
    return Runner(SLUG, NAMESPACE, keys[0])


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
