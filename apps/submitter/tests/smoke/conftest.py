"""Seconds, and safe in production: the one submission has no actions, sends nothing and is erased.

Environment: SUBMITTER_URL (as this process sees it), SERVICE_SLUG, SERVICE_NAMESPACE and SERVICE_PRIVATE_KEY
(the service to act for, its key as PEM), SUBMISSION_KEY (the 32 characters shared with the submitter).
"""

import pytest
from fb_testing.callers import SERVICE, runner, url
from fb_testing.environment import needed

__all__ = ["address", "runner", "settings", "url"]


@pytest.fixture(scope="session")
def address() -> str:
    return "SUBMITTER_URL"


@pytest.fixture(scope="session")
def settings(address: str) -> dict[str, str]:
    return needed(address, *SERVICE, "SUBMISSION_KEY")
