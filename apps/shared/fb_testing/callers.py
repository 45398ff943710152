"""What the smoke and acceptance suites of the apps share: the app's address, and a service to act for.

Environment: the variable that a suite names for the app's address (as this process sees it); SERVICE_SLUG,
SERVICE_NAMESPACE and SERVICE_PRIVATE_KEY (the service, whose key is PEM); in suites that submit also
SUBMISSION_KEY (the 32 characters shared with the submitter). The suite's own conftest.py has the fixture
`address`, which gives the name of its variable.
"""

import time
import uuid

import pytest

from fb_testing.environment import needed
from fb_testing.keys import key_pair
from fb_testing.runner import Runner

SERVICE = ("SERVICE_SLUG", "SERVICE_NAMESPACE", "SERVICE_PRIVATE_KEY")


@pytest.fixture(scope="session")
def settings(address: str) -> dict[str, str]:
    return needed(address, *SERVICE)


@pytest.fixture
def url(settings: dict[str, str], address: str) -> str:
    return settings[address].rstrip("/")


@pytest.fixture
def runner(settings: dict[str, str]) -> Runner:
    """A user of its own for each test."""
    slug, namespace, key = (settings[name] for name in SERVICE)
    return Runner(slug, namespace, key, settings.get("SUBMISSION_KEY", ""))


def strangers(runner: Runner) -> dict[str, dict[str, str]]:
    """The headers of those who may do nothing with what is this runner's user's, by who they are."""
    forger = Runner(runner.slug, runner.namespace, key_pair()[0], user=runner.user)
    return {
        "nobody": {},
        "a forger": forger.headers(),
        "another user": runner.headers(sub=str(uuid.uuid4())),
        "a service that is not there": runner.headers(iss="no-such-service"),
        "one who comes too late": runner.headers(iat=int(time.time()) - 120),
    }
