"""Acts as a runner against a deployed user datastore; each test has a user of its own."""

import pytest
from fb_testing.callers import runner, settings, url

__all__ = ["address", "runner", "settings", "url"]


@pytest.fixture(scope="session")
def address() -> str:
    return "USER_DATASTORE_URL"
