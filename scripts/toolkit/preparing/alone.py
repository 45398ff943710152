"""One at a time in a folder: a lock that lasts as long as whoever has it, and what that started."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from toolkit.base.outcome import TimedOut

WAIT_SECONDS = 900.0


@contextmanager
def alone_in(folder: Path, say: Callable[[str], None], wait: float = WAIT_SECONDS) -> Iterator[int]:
    """Hold the folder; raises TimedOut where somebody else has it for longer than `wait` seconds.

    The lock is on the folder itself, so it is one for whoever prepares it and from wherever, and leaves no
    file there. Yields it as an open file: a program that inherits it holds the folder, too, so that of a run
    that was killed the program that still works there is waited for. At the regular end it is given back
    whoever has inherited it.
    """
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _take(lock, folder, say, wait)
        try:
            yield lock
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
    finally:
        os.close(lock)


def _take(lock: int, folder: Path, say: Callable[[str], None], wait: float) -> None:
    deadline = time.monotonic() + wait
    waiting = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not waiting:
                say(f"waiting for another run that prepares {folder}")
            waiting = True
            if time.monotonic() > deadline:
                raise TimedOut(
                    f"another run has been preparing {folder} for more than {wait:g} s",
                    remedy=f"see what works there: fuser -v {folder}",
                ) from None
            time.sleep(0.05)
