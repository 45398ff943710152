"""Asks a deployed publisher what it could do; publishes nothing.

Environment: PUBLISHER_URL (as this process sees it), PUBLISHER_TOKEN, SERVICES_SPACES (where it must be able
to publish, separated by blanks).
"""

import pytest
from fb_testing.environment import needed


@pytest.fixture(scope="session")
def settings() -> dict[str, str]:
    return needed("PUBLISHER_URL", "PUBLISHER_TOKEN", "SERVICES_SPACES")


@pytest.fixture
def url(settings: dict[str, str]) -> str:
    return settings["PUBLISHER_URL"].rstrip("/")


@pytest.fixture
def headers(settings: dict[str, str]) -> dict[str, str]:
    return {"x-publisher-token": settings["PUBLISHER_TOKEN"]}
