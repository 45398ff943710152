"""Waiting for a condition, with a deadline; PATIENCE in the environment (seconds) cuts every wait short."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(what: str, condition: Callable[[], T], *, seconds: float = 20, every: float = 0.05) -> T:
    """What `condition` returns once that is truthy; AssertionError naming `what` after `seconds`."""
    seconds = min(seconds, float(os.environ.get("PATIENCE", seconds)))
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(every)
    return found
