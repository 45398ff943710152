"""Ctrl-C and SIGTERM as something that is told, where nothing may be interrupted in the middle."""

from __future__ import annotations

import os
import signal
import threading
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


@contextmanager
def held_back() -> Iterator[None]:
    """While it lasts, Ctrl-C and SIGTERM wait; at its end they do what they would have done, once each.

    For steps that have to be whole, and are short. Where signals are not handled, on other threads, and where
    a signal is ignored, it changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: dict[int, FrameType | None] = {}
    before = {number: signal.getsignal(number) for number in _WHY}
    held = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for number in held:
        signal.signal(number, arrived.__setitem__)
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
        for came, frame in arrived.items():
            handler = held[signal.Signals(came)]
            if callable(handler):
                handler(came, frame)
            else:
                os.kill(os.getpid(), came)
