"""What the smoke and acceptance suites of the apps share: the app's address, and a service to act for.

Environment: the variable that a suite names for the app's address (as this process sees it); SERVICE_SLUG,
SERVICE_NAMESPACE and SERVICE_PRIVATE_KEY (the service, whose key is PEM). The suite's own conftest.py has the
fixture `address`, which gives the name of its variable.
"""

import pytest

from fb_testing.environment import needed
from fb_testing.runner import Runner


@pytest.fixture(scope="session")
def settings(address: str) -> dict[str, str]:
    return needed(address, "SERVICE_SLUG", "SERVICE_NAMESPACE", "SERVICE_PRIVATE_KEY")


@pytest.fixture
def url(settings: dict[str, str], address: str) -> str:
    return settings[address].rstrip("/")


@pytest.fixture
def runner(settings: dict[str, str]) -> Runner:
    """A user of its own for each test."""
    return Runner(settings["SERVICE_SLUG"], settings["SERVICE_NAMESPACE"], settings["SERVICE_PRIVATE_KEY"])
