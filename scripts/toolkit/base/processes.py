"""Programs in the background, on `sh`: each leads its own session, so that it can be stopped whole."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import sh

from toolkit.base import files
from toolkit.base.redaction import redact

_PR_SET_PDEATHSIG = 1  # prctl(2)
_LIBC = ctypes.CDLL(None)


class Background:
    """A running program. Its output goes, redacted, to a log and line by line to `on_line`.

    `on_end` gets the exit code, negative for a signal, after the last line. Both are called on other threads.
    A program does not outlive the thread that started it: killed without warning, that cannot stop it any
    more, so the kernel tells it to stop.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        on_line: Callable[[str], None],
        on_end: Callable[[int], None],
    ) -> None:
        try:
            self._log: TextIO = log.open("w", encoding="utf-8")
        except OSError as error:
            raise files.cannot(log, error) from error
        self._on_line = on_line
        self._on_end = on_end
        self._nothing = Path("/dev/null").open()  # noqa: SIM115 - closed when it ends; sh would poll a queue
        self._process: Any = sh.Command(argv[0])(
            *argv[1:],
            _cwd=str(cwd),
            _env=dict(env),
            _in=self._nothing,
            _out=self._line,
            _err_to_out=True,
            _tty_out=False,
            _bg=True,
            _bg_exc=False,
            _new_session=True,
            _no_out=True,
            _decode_errors="replace",
            _ok_code=list(range(256)),
            _preexec_fn=_stop_with(os.getpid()),
        )
        self.pid: int = self._process.pid
        # sh itself looks once a second whether a background program has ended; this thread knows at once.
        threading.Thread(target=self._wait, daemon=True).start()

    def signal(self, number: signal.Signals) -> None:
        """Signal the program and all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError, OSError):
            self._process.signal_group(number)

    def _line(self, line: str) -> None:
        clean = redact(line)
        with contextlib.suppress(OSError):  # a full disk: what the program does is not for a log to end
            self._log.write(clean)
            self._log.flush()
        self._on_line(clean.rstrip("\n"))

    def _wait(self) -> None:
        with contextlib.suppress(sh.ErrorReturnCode):  # a signal; the code below is negative then
            self._process.wait()
        with contextlib.suppress(OSError):
            self._log.close()
        self._nothing.close()
        self._on_end(int(self._process.exit_code))


def _stop_with(parent: int) -> Callable[[], None]:
    """For between fork and exec: SIGTERM when the parent is gone, which it may be already."""

    def ask() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # what was to be done with it in the parent is not here
        if hasattr(_LIBC, "prctl"):
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(128 + signal.SIGTERM)

    return ask
