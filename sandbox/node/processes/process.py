"""One container's process as the node sees it: start it, find it again, signal it, wait for its end.

Waiting works on a pidfd of the shim, which is a child of this node or of an earlier one that was killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHIM = Path(__file__).with_name("shim.py")
LOG_BYTES, LOG_FILES = (
    10 * 1024 * 1024,
    4,
)  # kubelet: containerLogMaxSize 10Mi; older files kept beside the current
START_SECONDS = 30.0
LOCK = "shim.lock"  # locked for as long as the shim lives


class StartError(Exception):
    """The process could not be started; ``code`` is the exit code a container runtime would report."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Exit:
    """How a process ended: exit code (128 + signal when a signal ended it), signal or 0, time since 1970."""

    code: int
    signal: int
    finished: float


def alive(pid: int, started: int) -> bool:
    """Whether the process with this id still is the one that started then, and has not ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return False
    return int(fields[19]) == started and fields[0] not in "ZX"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _wait_for_start(directory: Path) -> None:
    """A node that was killed may have left a shim that is about to start its process: wait for its word."""
    deadline = time.monotonic() + START_SECONDS
    with contextlib.suppress(OSError), (directory / LOCK).open("rb") as lock:
        while not (directory / "state.json").exists() and time.monotonic() < deadline:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.01)
            else:
                return  # no shim: it ended, or never began


class Process:
    """A started process. Made by `start` or `adopt`."""

    def __init__(self, directory: Path, state: dict[str, Any], child: subprocess.Popen[bytes] | None) -> None:
        self.directory = directory
        self.pid: int = state["pid"]
        self.shim: int = state["shim"]
        self.started: float = state["started"]
        self._state, self._child = state, child
        self.adopted = child is None

    @classmethod
    async def start(
        cls, directory: Path, *, file: str, argv: list[str], env: Mapping[str, str], cwd: Path
    ) -> Process:
        """Run ``file``. Raises StartError in the words of a container runtime."""
        spec = {
            "file": file, "argv": argv, "env": dict(env), "cwd": str(cwd),
            "log_limit": LOG_BYTES, "log_keep": LOG_FILES,
        }  # fmt: skip
        with (directory / "shim.log").open("ab") as complaints, (directory / LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the shim's from now on: it holds the same open file
            child = subprocess.Popen(
                [sys.executable, "-I", "-S", str(SHIM), str(directory), str(lock.fileno())],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, start_new_session=True,
                cwd="/", env={"PATH": os.defpath}, pass_fds=(lock.fileno(),),
            )  # fmt: skip
        assert child.stdin and child.stdout  # noqa: S101 - for the type checker
        try:
            async with asyncio.timeout(START_SECONDS):
                await asyncio.to_thread(_hand_over, child, json.dumps(spec).encode())
                await _readable(child.stdout.fileno())
        except BaseException:
            child.kill()
            raise
        finally:
            child.stdout.close()
        state = _read(directory / "state.json")
        if state is None:
            await asyncio.to_thread(child.wait)
            raise _start_error(argv[0], _read(directory / "exit.json"))
        return cls(directory, state, child)

    @classmethod
    def adopt(cls, directory: Path) -> Process | None:
        """The process that an earlier node started in ``directory``, when it or its last words can still be
        had."""
        _wait_for_start(directory)
        state = _read(directory / "state.json")
        if state is None:
            return None
        process = cls(directory, state, None)
        return process if process.running or process.ended() else None

    @property
    def running(self) -> bool:
        """Whether the shim still watches over the process."""
        return alive(self.shim, self._state["shim_started"])

    def ended(self) -> Exit | None:
        """How it ended, once it has."""
        told = _read(self.directory / "exit.json")
        return Exit(told["code"], told["signal"], told["finished"]) if told and "code" in told else None

    async def wait(self) -> Exit:
        """Wait for the end. A shim that vanished without a word counts as killed."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                descriptor = os.pidfd_open(self.shim)
                try:
                    if self.running:
                        await _readable(descriptor)
                finally:
                    os.close(descriptor)
        if self._child is not None:
            self._child.poll()  # reap it
        told = self.ended()
        if told is None:
            self.signal(signal.SIGKILL)
            told = Exit(137, signal.SIGKILL, time.time())
        return told

    def signal(self, number: int) -> None:
        """Send a signal to the process; SIGKILL goes to everything in its session."""
        if not alive(self.pid, self._state["pid_started"]):
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if number == signal.SIGKILL:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)

    def environment(self) -> dict[str, str]:
        """The environment it was started with, from the kernel: an adopted process has no other record of
        it."""
        with contextlib.suppress(OSError):
            data = Path(f"/proc/{self.pid}/environ").read_bytes().decode("utf-8", "surrogateescape")
            return dict(pair.split("=", 1) for pair in data.split("\0") if "=" in pair)
        return {}

    def directory_of_work(self) -> str:
        """Its current directory ("/" when it cannot be told)."""
        try:
            return str(Path(f"/proc/{self.pid}/cwd").readlink())
        except OSError:
            return "/"


def _hand_over(child: subprocess.Popen[bytes], data: bytes) -> None:
    assert child.stdin  # noqa: S101 - for the type checker
    with contextlib.suppress(BrokenPipeError), child.stdin:
        child.stdin.write(data)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(descriptor, _resolve, ready)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)


def _resolve(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _start_error(name: str, told: dict[str, Any] | None) -> StartError:
    why = {
        "ENOENT": "no such file or directory",
        "EACCES": "permission denied",
        "ENOEXEC": "exec format error",
    }
    told = told or {"error": "", "message": "the process could not be started"}
    reason = why.get(told.get("error", ""), str(told.get("message", "")))
    return StartError(runtime_words(name, reason), 128)


def runtime_words(name: str, reason: str) -> str:
    """containerd's sentence for a process that does not start."""
    return (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
        f'runc create failed: unable to start container process: exec: "{name}": {reason}: unknown'
    )
