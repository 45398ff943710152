"""People fill in the canary form, over plain HTTP and in Chromium; what comes out is read in the outbox.

Environment: RUNNER_URL, OUTBOX_URL and FILESTORE_URL (as this process sees them), OUTBOX_INTERNAL_URL (as the
submitter sees it), WEBHOOK_KEY (the key in the form's json action); SUITE_REPORTS (optional): where a failed
journey leaves what its people saw.
"""

import pytest
from fb_testing.environment import needed
from fb_testing.outbox import Outbox
from fb_testing.people import chromium, people, pytest_runtest_makereport

__all__ = ["chromium", "people", "pytest_runtest_makereport"]


@pytest.fixture(scope="session")
def settings() -> dict[str, str]:
    return needed("RUNNER_URL", "OUTBOX_URL", "OUTBOX_INTERNAL_URL", "FILESTORE_URL", "WEBHOOK_KEY")


@pytest.fixture(scope="session")
def form_url(settings: dict[str, str]) -> str:
    return settings["RUNNER_URL"]


@pytest.fixture(scope="session")
def outbox(settings: dict[str, str]) -> Outbox:
    return Outbox(settings["OUTBOX_URL"], settings["OUTBOX_INTERNAL_URL"])
