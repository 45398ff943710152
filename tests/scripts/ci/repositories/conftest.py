"""What the tests of checkouts have: git as it is anywhere, and no run or CI job that says what they find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from toolkit.ci.repositories import kept, run
from toolkit.ci.systems import VENDORS

from tests.elsewhere import ENV, Elsewhere


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (*(vendor.known_by for vendor in VENDORS), "BRANCH", "COMMIT", run.VARIABLE):
        monkeypatch.setenv(name, "")  # what is set in its place is taken back too
        monkeypatch.delenv(name)
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    yield
    kept.leave()


@pytest.fixture
def origin(tmp_path: Path) -> Elsewhere:
    return Elsewhere(tmp_path / "origin/web", {"app.py": "one\n"})
