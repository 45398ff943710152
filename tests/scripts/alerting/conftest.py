"""What every test of alerts has: a clone of its own and a webhook."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import ROOT


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "a clone"
    folder.mkdir()
    shutil.copy(ROOT / "apps.toml", folder)
    return folder
