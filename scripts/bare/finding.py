"""What a check saw, and how programs are asked."""

from __future__ import annotations

import subprocess
from typing import List, NamedTuple, Optional  # noqa: UP035 - Python 3.8

SECONDS = 20


class Finding(NamedTuple):
    """What a check saw: well, not well (with the fix), or None for what is only good to know."""

    well: Optional[bool]  # noqa: UP045
    saw: str
    fix: str = ""


def run(
    argv: List[str],  # noqa: UP006
    seconds: float = SECONDS,
) -> Optional[subprocess.CompletedProcess[str]]:  # noqa: UP045
    """A program that has ended by itself; None for one that has not, or is not there."""
    try:
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
