"""Seconds, and safe in production: the one submission has no actions, sends nothing and is erased.

Environment: SUBMITTER_URL (as this process sees it), SERVICE_SLUG, SERVICE_NAMESPACE and SERVICE_PRIVATE_KEY
(the service to act for, its key as PEM), SUBMISSION_KEY (the 32 characters shared with the submitter).
"""

import pytest
from fb_testing.environment import needed
from fb_testing.runner import Runner


@pytest.fixture(scope="session")
def settings() -> dict[str, str]:
    return needed(
        "SUBMITTER_URL", "SERVICE_SLUG", "SERVICE_NAMESPACE", "SERVICE_PRIVATE_KEY", "SUBMISSION_KEY"
    )


@pytest.fixture
def url(settings: dict[str, str]) -> str:
    return settings["SUBMITTER_URL"].rstrip("/")


@pytest.fixture
def runner(settings: dict[str, str]) -> Runner:
    return Runner(
        settings["SERVICE_SLUG"],
        settings["SERVICE_NAMESPACE"],
        settings["SERVICE_PRIVATE_KEY"],
        settings["SUBMISSION_KEY"],
    )
