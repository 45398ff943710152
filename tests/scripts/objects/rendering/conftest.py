"""A chart of the app's own, and the programs that render."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.renderers.found import on_path
from tests.scripts.objects.rendering.charted import Charted


@pytest.fixture
def charted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Charted:
    """Skipped by name without Helm."""
    on_path(monkeypatch, "helm")
    return Charted(tmp_path)
