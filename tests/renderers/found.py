"""A fixture's way to a program: on PATH for this test, or the test is skipped by name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kubernetes.node.places import places
from tests.renderers import building


def on_path(patch: pytest.MonkeyPatch, name: str) -> Path:
    """Put it on PATH. Skips where this machine has none."""
    program = building.there(name, places())
    if program is None:
        pytest.skip(f"{name} is not on this machine: `make renderers` builds it")
    patch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return program
