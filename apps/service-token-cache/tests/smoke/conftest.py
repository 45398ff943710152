"""Asks a deployed token cache for a key that is known; reads only.

Environment: TOKEN_CACHE_URL (as this process sees it), SERVICE_SLUG and SERVICE_NAMESPACE (a service that has
a public key there), SERVICE_PRIVATE_KEY (the private half, as PEM).
"""

import pytest
from fb_testing.environment import needed


@pytest.fixture(scope="session")
def settings() -> dict[str, str]:
    return needed("TOKEN_CACHE_URL", "SERVICE_SLUG", "SERVICE_NAMESPACE", "SERVICE_PRIVATE_KEY")


@pytest.fixture
def url(settings: dict[str, str]) -> str:
    return settings["TOKEN_CACHE_URL"].rstrip("/")
