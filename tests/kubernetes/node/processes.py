"""Programs of the node: started in the background, known by pid and start, ended by them alone."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PATIENCE = 15.0
"""Seconds for a program to end by itself, before it is killed."""


def started(pid: int) -> str:
    """When a process started, in ticks of this machine; "" when it does not run (any more)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def read(file: Path) -> int | None:
    """The pid of a program that runs, as `keep` wrote it down; None where another process has it by now."""
    try:
        pid, _, start = file.read_text(encoding="utf-8").partition(" ")
        return int(pid) if start and started(int(pid)) == start else None
    except (OSError, ValueError):
        return None


def keep(file: Path, pid: int) -> None:
    """Write down which process it is."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{pid} {started(pid)}", encoding="utf-8")


def start(file: Path, log: Path, argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Start a program in a session of its own and write its pid down; a running one is left alone."""
    running = read(file)
    if running is not None:
        return running
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv, env=dict(environment), cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
    keep(file, process.pid)
    return process.pid


def end(file: Path, patience: float = PATIENCE) -> bool:
    """End a program by what was written down of it; whether there was one. The file goes."""
    pid = read(file)
    if pid is not None:
        stop(pid, patience)
    file.unlink(missing_ok=True)
    return pid is not None


def stop(pid: int, patience: float = PATIENCE) -> None:
    """SIGTERM, and SIGKILL to what does not heed it; returns when the process is gone."""
    start = started(pid)
    if not start:
        return
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, PATIENCE)):
        if seconds <= 0:
            continue
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        until = time.monotonic() + seconds
        while started(pid) == start:
            if time.monotonic() > until:
                break
            _reap(pid)
            time.sleep(0.05)
        else:
            return


def _reap(pid: int) -> None:
    """Where it is a child of this process, take its exit code."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def with_words(*words: str) -> list[int]:
    """The processes whose command line has all these words, this one aside."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            given = entry.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        pid = int(entry.parent.name)
        if pid != os.getpid() and all(word in given for word in words):
            found.append(pid)
    return found
