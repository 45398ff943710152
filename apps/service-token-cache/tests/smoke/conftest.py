"""Asks a deployed token cache for a key that is known; reads only."""

import pytest
from fb_testing.callers import settings, url

__all__ = ["address", "settings", "url"]


@pytest.fixture(scope="session")
def address() -> str:
    return "TOKEN_CACHE_URL"
