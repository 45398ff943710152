"""Ctrl-C, SIGTERM and SIGHUP as something that is told, where nothing may be interrupted in the middle."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from toolkit.base.outcome import Kind

_WHY = {
    signal.SIGINT: "it was interrupted (Ctrl-C)",
    signal.SIGTERM: "it was told to stop (SIGTERM)",
    signal.SIGHUP: "its terminal was closed (SIGHUP)",
}


_come: list[int] = []


class Stopped(KeyboardInterrupt):
    """One of these signals came. No PipelineError: what goes on after one of those must not go on now."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def listen() -> None:
    """From now on the first of these signals raises Stopped in the main thread; SIGHUP only where it is
    not ignored, as it is under nohup.

    Later ones change nothing: a terminal that closes sends several, and the end must be whole. Only a third
    Ctrl-C ends everything at once.
    """
    _come.clear()

    def interrupt(number: int, _frame: FrameType | None) -> None:
        first = not _come  # asked before it is noted: another one may come in between, and one must raise
        _come.append(number)
        if first:
            raise Stopped(_WHY[signal.Signals(number)])
        if _come.count(signal.SIGINT) > 2:
            os._exit(Kind.INTERRUPTED.exit_code)

    for number in _WHY:
        if number is signal.SIGTERM or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)


def has_come() -> bool:
    """Whether one of these signals has been raised since listen(): what is left to do ought to be short."""
    return bool(_come)


@contextmanager
def noted(tell: Callable[[str], None]) -> Iterator[None]:
    """While it lasts, these signals interrupt nothing; `tell` gets them as a clause.

    An ignored SIGHUP stays so. For the main thread: only there does Python let signals be handled.
    """

    def note(number: int, _frame: FrameType | None) -> None:
        tell(_WHY[signal.Signals(number)])

    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    heard = [number for number in _WHY if number is not signal.SIGHUP or not ignored]
    before = {number: signal.signal(number, note) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held_back() -> Iterator[None]:
    """While it lasts, these signals wait; at its end they do what they would have done, once each.

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
