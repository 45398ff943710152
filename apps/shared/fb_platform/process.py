"""A process of an app, from its settings to SIGTERM."""

import signal
import sys
from collections.abc import Callable
from typing import Protocol, TypeVar

from fb_platform import logs
from fb_platform.settings import SettingError

T = TypeVar("T")


class Worker(Protocol):
    """Work that goes on until it is told to stop."""

    def run(self) -> None:
        """Work; returns once `stop` was called and what is under way has come to a good end."""

    def stop(self) -> None:
        """Ask `run` to end; called in a signal handler, so it must not wait."""


def started(app: str, build: Callable[[], T]) -> T:
    """Begin to log as `app`; what `build` makes from the environment.

    A SettingError ends the process: one log line that says so, exit code 1.
    """
    logs.start(app)
    try:
        return build()
    except SettingError as problem:
        logs.error(f"cannot start: {problem}")
        sys.exit(1)


def work(worker: Worker) -> None:
    """Let it work until SIGTERM or SIGINT."""
    for received in (signal.SIGTERM, signal.SIGINT):
        signal.signal(received, lambda *_: worker.stop())
    worker.run()
