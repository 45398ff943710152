"""A person's whole way through the canary form; seconds, and safe in production: it has no actions there.

Environment: RUNNER_URL (as this process sees it).
"""

import pytest
from fb_testing.environment import needed


@pytest.fixture(scope="session")
def url() -> str:
    return needed("RUNNER_URL")["RUNNER_URL"].rstrip("/")
