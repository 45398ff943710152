"""The directory that holds one sandbox, and the daemon that runs on it, told apart from any other process."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IMAGES = ("images", "layers")  # what `reset` keeps


class SandboxError(Exception):
    """What stops a command, as a sentence for a person; ``code`` is its exit code (1 failed, 2 misused, 4
    late)."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def started_at(pid: int) -> int | None:
    """A process's start time in clock ticks since boot, None when there is none; zombies count as gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[19]) if fields[0] not in "ZX" else None


@dataclass(frozen=True)
class Daemon:
    """A running daemon: ``details`` is its daemon.json."""

    pid: int
    started: int
    details: dict[str, Any]

    def alive(self) -> bool:
        """Whether the process with this id still is that daemon."""
        return started_at(self.pid) == self.started

    def end(self, seconds: float) -> bool:
        """SIGTERM, and SIGKILL after ``seconds``; True when it went by itself. Only ever this very
        process."""
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(self.pid)
            try:
                for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 10.0)):
                    if not self.alive():
                        return number == signal.SIGTERM
                    signal.pidfd_send_signal(descriptor, number)
                    if _gone(descriptor, patience):
                        return number == signal.SIGTERM
            finally:
                os.close(descriptor)
        return True


def _gone(descriptor: int, seconds: float) -> bool:
    import select

    return bool(select.select([descriptor], [], [], seconds)[0])


IGNORED = ".gitignore"
"""In a state directory: git ignores all that is there, this file included."""


class State:
    """Paths and locks of one sandbox. Nothing is created before `create`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.note = root / "daemon.json"
        self.log = root / "daemon.log"
        self.kubeconfig = root / "kubeconfig"
        self.token = root / "token"

    @classmethod
    def find(cls, given: str | None) -> State:
        """--state, else $SANDBOX_STATE, else .sandbox in the current directory."""
        return cls(Path(given or os.environ.get("SANDBOX_STATE") or ".sandbox").absolute())

    def create(self) -> None:
        """Make the directory, for its owner only; it makes no git checkout dirty. Raises SandboxError."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(self.root, os.W_OK | os.X_OK):
                raise PermissionError(13, "not writable")
            if not (self.root / IGNORED).exists():
                (self.root / IGNORED).write_text("*\n")
        except OSError as error:
            why = "there is a file of this name" if self.root.is_file() else error.strerror or str(error)
            raise SandboxError(
                f"{self.root}: cannot keep a sandbox here ({why}); choose another directory with --state", 2
            ) from error

    def daemon(self) -> Daemon | None:
        """The daemon that runs on this state; a note left by one that was killed does not count."""
        try:
            details = json.loads(self.note.read_text())
            found = Daemon(int(details["pid"]), int(details["started"]), details)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if found.alive() else None

    @contextlib.contextmanager
    def changing(self, seconds: float = 60.0) -> Iterator[None]:
        """Hold the lock of commands that start or stop the sandbox, so that they come one after the other."""
        deadline = time.monotonic() + seconds
        with (self.root / "change.lock").open("w") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise SandboxError(
                            f"another command has been starting or stopping this sandbox for "
                            f"{seconds:.0f} s; it holds {self.root / 'change.lock'}",
                            4,
                        ) from None
                    time.sleep(0.02)
            yield
