"""Ctrl-C and SIGTERM as something that is told, where nothing may be interrupted in the middle."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_WHY = {
    signal.SIGINT: "it was interrupted (Ctrl-C)",
    signal.SIGTERM: "it was told to stop (SIGTERM)",
}


@contextmanager
def noted(tell: Callable[[str], None]) -> Iterator[None]:
    """While it lasts, Ctrl-C and SIGTERM interrupt nothing; `tell` gets them as a clause.

    For the main thread: only there does Python let signals be handled.
    """

    def note(number: int, _frame: FrameType | None) -> None:
        tell(_WHY[signal.Signals(number)])

    before = {number: signal.signal(number, note) for number in _WHY}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
