"""No secret is known before a test of the evidence: what is masked is masked by its shape or its name."""

from __future__ import annotations

import pytest
from toolkit.base import redaction


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_registered", set())
