"""An app that is deployed, for suites of any language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripts.suites.deployed import Deployed, made_in


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployed]:
    """A release of the tiny app that serves, and nothing of it was checked."""
    with made_in(tmp_path) as made:
        yield made
