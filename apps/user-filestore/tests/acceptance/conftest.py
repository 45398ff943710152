"""Acts as a runner against a deployed user filestore; each test has a user of its own.

Environment: USER_FILESTORE_URL (as this process sees it), SERVICE_SLUG, SERVICE_NAMESPACE and
SERVICE_PRIVATE_KEY (the service to act for, its key as PEM).
"""

import pytest
from fb_testing.environment import needed
from fb_testing.runner import Runner


@pytest.fixture(scope="session")
def settings() -> dict[str, str]:
    return needed("USER_FILESTORE_URL", "SERVICE_SLUG", "SERVICE_NAMESPACE", "SERVICE_PRIVATE_KEY")


@pytest.fixture
def url(settings: dict[str, str]) -> str:
    return settings["USER_FILESTORE_URL"].rstrip("/")


@pytest.fixture
def runner(settings: dict[str, str]) -> Runner:
    return Runner(settings["SERVICE_SLUG"], settings["SERVICE_NAMESPACE"], settings["SERVICE_PRIVATE_KEY"])
