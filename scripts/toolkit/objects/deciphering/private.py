"""A folder for what nobody else may see, for a moment: taken out whatever happens, also what a kill left."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "pipeline-private-"
_made: set[Path] = set()


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A new folder, for this user alone (0700), that is gone afterwards, and when this process ends early."""
    _sweep()
    made = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    if not _made:
        atexit.register(_clear)
    _made.add(made)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _clear() -> None:
    """A thread that was in the middle of something does not get to its end."""
    for made in _made:
        shutil.rmtree(made, ignore_errors=True)


def _sweep() -> None:
    """Take out what a process of this user left that was killed."""
    for each in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        number = each.name.removeprefix(_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            if number.isdecimal() and each.stat().st_uid == os.getuid() and not _lives(int(number)):
                shutil.rmtree(each, ignore_errors=True)


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
