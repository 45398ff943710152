"""Sends one webhook call to a deployed outbox, reads it and takes it away again.

Environment: OUTBOX_URL (as this process sees it).
"""

import pytest
from fb_testing.environment import needed


@pytest.fixture(scope="session")
def url() -> str:
    return needed("OUTBOX_URL")["OUTBOX_URL"].rstrip("/")
