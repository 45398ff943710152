"""The one door to other programs: says what it runs, keeps secrets out, returns code and output.

What a program printed comes twice: `Ran.answer` as it was, for whoever parses it, and `Ran.output` without
secrets, for all that is shown, kept or raised. A parser that read the second would take *** for an answer.

Built on subprocess: importing `sh` costs more than a whole lint stage may (see `make bench`). The engine,
which keeps several stages running in the background, uses `sh` (processes.py).
"""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from toolkit.base.outcome import Kind, Misused, PipelineError, TimedOut
from toolkit.base.redaction import Raw, Secret, Shown, redact, register_environment, tail
from toolkit.base.signals import held_back

__all__ = [
    "Ran",
    "Raw",
    "Secret",
    "Shown",
    "ToolFailed",
    "quoted",
    "redact",
    "register_environment",
    "run",
    "stop_all",
]

# What a program gets between SIGTERM and SIGKILL, in seconds.
GRACE = 5.0
WAKE_SECONDS = 0.5

# How to get a program that this machine may lack; said when it is missing.
HOW_TO_GET = {
    "docker": "install Docker Engine, or use the sandbox (CLUSTER=sandbox), which needs none",
    "podman": "install podman with this system's package manager",
    "buildah": "install buildah with this system's package manager",
    "executor": "it is Kaniko's: run this where its image does, which has it in /kaniko",
    "kubectl": "it is optional: see https://kubernetes.io/docs/tasks/tools/",
    "git": "install git with this system's package manager",
    "helm": "see https://helm.sh/docs/intro/install/",
    "kustomize": "see https://kubectl.docs.kubernetes.io/installation/kustomize/; kubectl will do too",
    "sops": "see https://github.com/getsops/sops/releases",
    "git-crypt": "install git-crypt with this system's package manager",
}

# A program is started and noted in one step: whoever stops everything must not miss one in between, and a
# signal that ends this run must not come in between either.
_starting = threading.Lock()
_running: set[subprocess.Popen[str]] = set()


class Ran(NamedTuple):
    """A program that ended: command, exit code, what it printed, wall time in seconds.

    answer is stdout and stderr interleaved; of a program that was run with `apart`, stdout alone, and stderr
    is in `errors`: what a program complains of is no part of its answer.
    """

    argv: tuple[str, ...]
    code: int
    answer: Raw
    seconds: float
    errors: Raw = Raw()

    @property
    def output(self) -> Shown:
        """All that it printed, without secrets."""
        return Shown(self.answer.shown + self.errors.shown)

    def tail(self, lines: int = 12) -> tuple[Shown, ...]:
        """The last lines of it that are not empty, for people."""
        return tail(self.output, lines)


class ToolFailed(PipelineError):
    """A program ended with a code that is not 0; `.ran` holds what it printed."""

    kind = Kind.FAILED

    def __init__(self, ran: Ran) -> None:
        super().__init__(f"{quoted(ran.argv[:1])} ended with exit code {ran.code}", evidence=ran.tail())
        self.ran = ran


def quoted(argv: Sequence[str]) -> Shown:
    """The command as a person would type it, without its secrets."""
    return redact(shlex.join(argv))


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = True,
    timeout: float | None = None,
    echo: bool = True,
    stdin: str | None = None,
    apart: bool = False,
    inherited: Mapping[str, str] | None = None,
    keeps: Sequence[int] = (),
    alone: bool = False,
) -> Ran:
    """Run a program to its end.

    env is added to what the program inherits, which is this process's environment unless `inherited` says
    otherwise; timeout is in seconds. With echo the command and its output are shown as they come; apart keeps
    stderr out of the answer; keeps are open files that it holds, too, as long as it runs. Raises Misused when
    there is no such program, TimedOut at the timeout, ToolFailed when check is set and its code is not 0.
    Interrupted, it stops the program and all that it started. Its output is at its end when nothing holds it
    any more; alone: a moment after the program itself has ended, and what it left in its session is stopped.
    """
    command = tuple(str(word) for word in argv)
    if echo:
        sys.stdout.write(f"$ {quoted(command)}\n")
        sys.stdout.flush()
    started = time.monotonic()
    expired = threading.Event()
    process: subprocess.Popen[str] | None = None
    timer: threading.Timer | None = None
    listening: threading.Thread | None = None
    lines: list[str] = []
    errors: list[str] = []
    whole = {**(os.environ if inherited is None else inherited), **(env or {})}
    try:
        with held_back(), _starting:  # the signal is told when the lock is free again
            process = _start(command, cwd, whole, piped=stdin is not None, apart=apart, keeps=keeps)
            _running.add(process)
        if timeout:
            timer = threading.Timer(timeout, _expire, (process, expired))
            timer.daemon = True
            timer.start()
        if stdin is not None:
            threading.Thread(target=_feed, args=(process, stdin), daemon=True).start()
        if apart:
            listening = threading.Thread(target=_listen, args=(process.stderr, errors, echo), daemon=True)
            listening.start()
        reading = threading.Thread(target=_listen, args=(process.stdout, lines, echo), daemon=True)
        reading.start()
        # A signal may be handed to any thread, and Python acts on it when the main one wakes: it must.
        while reading.is_alive():
            reading.join(WAKE_SECONDS)
            if (alone or expired.is_set()) and process.poll() is not None:
                reading.join(GRACE)
                if reading.is_alive():  # what it left behind may even be in a session of its own
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(process.pid, signal.SIGKILL)
                    reading.join(WAKE_SECONDS)
                break
        code = _ended(process)
        if listening:
            listening.join(GRACE)
    except BaseException:
        if process is not None:
            _stop(process)
        raise
    finally:
        if process is not None:
            _running.discard(process)
        if timer:
            timer.cancel()
    ran = Ran(command, code, Raw("".join(lines)), time.monotonic() - started, Raw("".join(errors)))
    if expired.is_set():
        raise TimedOut(f"{quoted(command[:1])} was stopped after {timeout:g} s", evidence=ran.tail())
    if check and ran.code != 0:
        raise ToolFailed(ran)
    return ran


def _ended(process: subprocess.Popen[str]) -> int:
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(WAKE_SECONDS)


def stop_all() -> None:
    """Stop every program that is still running, in whichever thread it was started: for interruption."""
    with _starting:
        running = list(_running)
    for process in running:
        _stop(process)


def _start(
    command: tuple[str, ...],
    cwd: Path | None,
    env: Mapping[str, str],
    *,
    piped: bool,
    apart: bool,
    keeps: Sequence[int],
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if apart else subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            pass_fds=tuple(keeps),
        )
    except FileNotFoundError:
        if cwd is not None and not cwd.is_dir():
            raise Misused(f"{cwd}: no such folder, so {command[0]} cannot run there") from None
        raise Misused(
            f"{command[0]}: no such program on this machine",
            remedy=HOW_TO_GET.get(Path(command[0]).name, "run `make doctor` to see what is missing"),
        ) from None
    except PermissionError:
        raise Misused(f"{command[0]}: is not executable") from None
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        raise Misused(
            f"{command[0]}: is no program that this machine can run",
            remedy="a script says in its first line what runs it: #!/bin/sh",
        ) from None


def _listen(pipe: IO[str] | None, lines: list[str], echo: bool) -> None:
    """Take what comes, to its end."""
    assert pipe is not None  # noqa: S101 - piped in _start
    for line in pipe:
        lines.append(line)
        if echo:
            sys.stdout.write(redact(line))
            sys.stdout.flush()


def _feed(process: subprocess.Popen[str], text: str) -> None:
    with contextlib.suppress(BrokenPipeError, OSError):
        assert process.stdin is not None  # noqa: S101 - piped when there is something to feed
        process.stdin.write(text)
        process.stdin.close()


def _expire(process: subprocess.Popen[str], expired: threading.Event) -> None:
    expired.set()
    _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    """End a program and what it started (it leads its own session): politely, then for good."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=GRACE)
            return
