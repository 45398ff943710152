"""What tests of whole runs have: a repository whose stages are shell scripts, and a channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.scripted import Scripted


@pytest.fixture
def run(tmp_path: Path) -> Scripted:
    return Scripted(tmp_path)
