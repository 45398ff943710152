"""Ends containers that no node looks after any more, by the ids that their shims left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from sandbox.node.processes.process import Process


def running(pods: Path) -> Iterator[Process]:
    """The processes of every attempt below ``pods`` that still run."""
    for state in pods.glob("**/containers/*/*/state.json"):
        process = Process.adopt(state.parent)
        if process is not None and process.running:
            yield process


def end_orphans(pods: Path, grace: float = 5.0) -> int:
    """SIGTERM, and SIGKILL after ``grace`` seconds. Returns how many there were. Blocking."""
    found = list(running(pods))
    for process in found:
        process.signal(signal.SIGTERM)
    deadline = time.monotonic() + grace
    for process in found:
        _wait(process, deadline)
        if process.running:
            process.signal(signal.SIGKILL)
            _wait(process, time.monotonic() + grace)
    return len(found)


def _wait(process: Process, deadline: float) -> None:
    """Until the shim is gone, at most to ``deadline``."""
    import select

    try:
        descriptor = os.pidfd_open(process.shim)
    except OSError:
        return
    try:
        if process.running:
            select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
    finally:
        os.close(descriptor)
