"""Fixtures of unit tests that run on both databases: each test finds an empty one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fb_platform.database import Database

from fb_testing import postgres


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str | None]:
    """The address of a server of this session's own, None where PostgreSQL is not installed."""
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/data/test.db"
        return
    url = request.getfixturevalue("postgresql")
    if url is None:
        pytest.skip("PostgreSQL is not installed on this machine")
    yield url
    database = Database(url)
    database.run("drop schema public cascade")
    database.run("create schema public")
    database.close()
