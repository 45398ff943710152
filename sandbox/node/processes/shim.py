"""Stands between the node and one container's process; it outlives the node.

Started as ``python -I -S shim.py DIRECTORY LOCK`` with the container's specification as JSON on standard
input (so that secrets are on no disk and no command line); LOCK is the descriptor of a locked file, by which
a node knows that the shim lives. It starts the process in a session of its own, writes what the process says
to DIRECTORY/log with the time of each line, and leaves in DIRECTORY, so that a node that was killed finds its
containers again,

- state.json: {"shim", "shim_started", "pid", "pid_started", "started"}: who runs, told apart from later users
  of the ids;
- exit.json: {"code", "signal", "finished"}, or {"error", "message"} when the process could not be started.

Only the standard library, and little of it: one of these runs per container.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import selectors
import signal
import sys
import time

TYPE_CHECKING = False  # typing itself would cost more than the rest of this file
if TYPE_CHECKING:
    from typing import Any

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
BUFFER = 16 * 1024  # a longer line is written in parts, marked P (CRI log format)
DRAIN_SECONDS = 2.0


def started_at(pid: int) -> int:
    """The start time of a process in clock ticks since boot; with the id it names one process for ever."""
    with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - pathlib costs more than this program
        return int(file.read().rpartition(b")")[2].split()[19])


def write(directory: str, name: str, value: dict[str, object]) -> None:
    """Write a JSON file in one step."""
    temporary = os.path.join(directory, f".{name}.tmp")  # noqa: PTH118
    with open(temporary, "w") as file:  # noqa: PTH123
        json.dump(value, file)
    os.replace(temporary, os.path.join(directory, name))  # noqa: PTH105, PTH118


class Log:
    """DIRECTORY/log in the CRI format, turned over at ``limit`` bytes; ``keep`` older files stay."""

    def __init__(self, directory: str, limit: int, keep: int) -> None:
        self.path = os.path.join(directory, "log")  # noqa: PTH118
        self.limit, self.keep = limit, keep
        self.open()

    def open(self) -> None:
        self.file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self.size = os.fstat(self.file).st_size

    def write(self, stream: str, lines: list[tuple[bytes, bytes]]) -> None:
        now = time.time_ns()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9)) + f".{now % 10**9:09d}Z"
        data = b"".join(
            b"%s %s %s %s\n" % (stamp.encode(), stream.encode(), tag, line) for tag, line in lines
        )
        try:
            if self.size and self.size + len(data) > self.limit:
                self.turn()
            self.size += os.write(self.file, data)
        except OSError:  # a full disk, or a directory that was removed: the container goes on
            pass

    def turn(self) -> None:
        os.close(self.file)
        for number in range(self.keep, 0, -1):
            older = f"{self.path}.{number - 1}" if number > 1 else self.path
            if os.path.exists(older):  # noqa: PTH110
                os.replace(older, f"{self.path}.{number}")  # noqa: PTH105
        self.open()


def launch(spec: dict[str, Any], outputs: list[int]) -> tuple[int, int]:
    """Fork the process; returns (pid, pipe that tells an error of exec and closes when exec worked)."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    try:
        os.setsid()
        os.chdir(spec["cwd"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(outputs[0], 1)
        os.dup2(outputs[1], 2)
        for number in (*IGNORED, signal.SIGXFSZ):  # ignored signals would stay ignored through exec
            signal.signal(number, signal.SIG_DFL)
        os.execve(spec["file"], spec["argv"], spec["env"])  # noqa: S606
    except OSError as error:
        os.write(writer, f"{error.errno}".encode())
    finally:
        os._exit(128)
    return 0, 0


def adopt_orphans() -> None:
    """Become the parent of whatever the container's processes leave behind, so that it can be ended with
    them."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    except (ImportError, OSError, AttributeError):
        pass


def children() -> list[int]:
    """The ids of this process's children."""
    me = os.getpid()
    try:
        with open(f"/proc/{me}/task/{me}/children") as file:  # noqa: PTH123
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def end_rest(pid: int) -> None:
    """Kill what the container's process left running, as the end of a PID namespace would."""
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    deadline = time.monotonic() + DRAIN_SECONDS
    while (left := children()) and time.monotonic() < deadline:
        for child in left:
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
        for child in left:
            with contextlib.suppress(OSError):
                os.waitpid(child, 0)


def pump(log: Log, streams: dict[int, str], pid: int) -> int:
    """Copy output to the log until the process has ended; returns its wait status."""
    selector = selectors.DefaultSelector()
    pending = dict.fromkeys(streams, b"")
    for stream in streams:
        os.set_blocking(stream, False)
        selector.register(stream, selectors.EVENT_READ)
    ended = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
    selector.register(ended, selectors.EVENT_READ)
    status, deadline = None, 0.0
    while status is None or (len(selector.get_map()) and time.monotonic() < deadline):
        for key, _ in selector.select(None if status is None else max(0.0, deadline - time.monotonic())):
            if key.fd == ended:
                selector.unregister(ended)
                status = os.waitpid(pid, 0)[1]
                end_rest(pid)
                deadline = time.monotonic() + DRAIN_SECONDS
            elif not copy(log, streams[key.fd], key.fd, pending):
                selector.unregister(key.fd)
    for stream, rest in pending.items():
        if rest:
            log.write(streams[stream], [(b"F", rest)])
    return status


def copy(log: Log, name: str, stream: int, pending: dict[int, bytes]) -> bool:
    """Read once from a stream and log its whole lines; False at its end."""
    try:
        data = os.read(stream, 1 << 16)
    except BlockingIOError:
        return True
    if not data:
        return False
    *whole, rest = (pending[stream] + data).split(b"\n")
    lines = []
    for line in whole:
        while len(line) > BUFFER:
            lines.append((b"P", line[:BUFFER]))
            line = line[BUFFER:]
        lines.append((b"F", line))
    while len(rest) >= BUFFER:
        lines.append((b"P", rest[:BUFFER]))
        rest = rest[BUFFER:]
    pending[stream] = rest
    if lines:
        log.write(name, lines)
    return True


def main(directory: str, lock: int) -> None:
    """Run one container to its end. lock is an open file that stays locked until this program ends."""
    os.set_inheritable(lock, False)
    spec = json.loads(sys.stdin.buffer.read())
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)  # whoever ends the container signals its process, not this one
    log = Log(directory, spec["log_limit"], spec["log_keep"])
    out, err = os.pipe(), os.pipe()
    pid, exec_error = launch(spec, [out[1], err[1]])
    os.close(out[1])
    os.close(err[1])
    adopt_orphans()
    failed = os.read(exec_error, 16)
    finished = {"finished": time.time()}
    if failed:
        os.waitpid(pid, 0)
        code = int(failed)
        write(
            directory,
            "exit.json",
            {"error": errno.errorcode.get(code, ""), "message": os.strerror(code), **finished},
        )
        return
    me = os.getpid()
    ids: dict[str, object] = {
        "shim": me,
        "shim_started": started_at(me),
        "pid": pid,
        "pid_started": started_at(pid),
    }
    write(directory, "state.json", {**ids, "started": time.time()})
    try:  # noqa: SIM105 - contextlib costs more than this program
        os.write(1, b"started\n")
    except OSError:
        pass  # the node was killed meanwhile; the next one reads state.json
    os.close(1)
    status = pump(log, {out[0]: "stdout", err[0]: "stderr"}, pid)
    code, by = (os.WEXITSTATUS(status), 0) if os.WIFEXITED(status) else (0, os.WTERMSIG(status))
    write(
        directory, "exit.json", {"code": code if not by else 128 + by, "signal": by, "finished": time.time()}
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
