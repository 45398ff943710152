"""Seconds, and safe in production: the one file that is written is removed again."""

import pytest
from fb_testing.callers import runner, settings, url

__all__ = ["address", "runner", "settings", "url"]


@pytest.fixture(scope="session")
def address() -> str:
    return "USER_FILESTORE_URL"
