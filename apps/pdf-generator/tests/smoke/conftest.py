"""Asks a deployed pdf generator for a document; leaves nothing behind."""

import pytest
from fb_testing.callers import runner, settings, url

__all__ = ["address", "runner", "settings", "url"]


@pytest.fixture(scope="session")
def address() -> str:
    return "PDF_GENERATOR_URL"
