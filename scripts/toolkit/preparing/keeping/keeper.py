"""Keeps one service: starts it, tells when it has ended, and ends it with all that it started.

It does so when whoever wanted the service closes standard input, or is gone: killed, too. Arguments: a
private folder, which it removes at the end, and the service's command. On standard output it says
"ended <exit code>"; its standard error is the service's output. It adopts what the service leaves behind
(Linux's child subreaper, prctl(2)), so that none is missed that went into the background.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess  # nosec B404
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
GRACE_SECONDS = 5.0


def main(folder: str, command: list[str]) -> int:
    """Keep it until nobody wants it any more."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    waking, wake = os.pipe()
    for end in (waking, wake):
        os.set_blocking(end, False)
    # Handlers and not SIG_IGN, which the service would inherit.
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    service = subprocess.Popen(  # nosec B603
        command, stdin=subprocess.DEVNULL, stdout=sys.stderr, start_new_session=True
    )
    try:
        while True:
            _reap(service.pid)
            readable, _, _ = select.select([0, waking], [], [])
            if waking in readable:
                os.read(waking, 1024)
            if 0 in readable and not os.read(0, 1024):
                return 0
    finally:
        _end()
        shutil.rmtree(folder, ignore_errors=True)


def _reap(service: int = 0) -> bool:
    """Take note of who has ended; tell of the service itself. False where there is nobody left."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        if pid == service:
            _tell(f"ended {os.waitstatus_to_exitcode(status)}\n")


def _tell(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        os.write(1, line.encode())


def _end() -> None:
    """Everything that is left: politely, then for good, until there is nobody."""
    began, asked = time.monotonic(), set()
    while _reap():
        late = time.monotonic() - began > GRACE_SECONDS
        for pid in _descendants():
            if late or pid not in asked:
                asked.add(pid)
                with contextlib.suppress(OSError):  # it has just ended
                    os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        if time.monotonic() - began > 2 * GRACE_SECONDS:
            return
        time.sleep(0.01)


def _descendants() -> list[int]:
    """All that run below this process, those farthest away last."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            # pid (name) state parent ...: a name may hold spaces and brackets: proc(5)
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, todo = [], [os.getpid()]
    while todo:
        todo = [child for parent in todo for child in children.get(parent, ())]
        found += todo
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
