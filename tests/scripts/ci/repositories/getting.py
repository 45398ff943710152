"""A checkout as a run gets it, and as it is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.ci.repositories import run
from toolkit.ci.repositories.remote import Remote

WHERE = "apps.toml: apps.web.repository"


def get(address: str, ref: str, home: Path, *, anew: bool = True, pinned: bool = False) -> run.Checked:
    """anew: of a run that begins now, which was told nothing yet."""
    if anew:
        os.environ.pop(run.VARIABLE, None)
    return run.checkout(WHERE, Remote.of(address, ref, home), home, pinned=pinned)


def refused(address: str, ref: str, home: Path, *, pinned: bool = False) -> Misused:
    """The refusal: one sentence that begins with the key, and a remedy."""
    with pytest.raises(Misused) as error:
        get(address, ref, home, pinned=pinned)
    assert error.value.reason.startswith(f"{WHERE}: ")
    assert error.value.remedy
    assert "\n" not in error.value.reason
    return error.value
