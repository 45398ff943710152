"""Programs in the background, on `sh`: each leads its own session, so that it can be stopped whole."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import sh

from toolkit.base.redaction import redact


class Background:
    """A running program. Its output goes, redacted, to a log and line by line to `on_line`.

    `on_end` gets the exit code, negative for a signal, after the last line. Both are called on other threads.
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
        self._log: TextIO = log.open("w", encoding="utf-8")
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
        )
        # sh itself looks once a second whether a background program has ended; this thread knows at once.
        threading.Thread(target=self._wait, daemon=True).start()

    def signal(self, number: signal.Signals) -> None:
        """Signal the program and all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError, OSError):
            self._process.signal_group(number)

    def _line(self, line: str) -> None:
        clean = redact(line)
        self._log.write(clean)
        self._log.flush()
        self._on_line(clean.rstrip("\n"))

    def _wait(self) -> None:
        with contextlib.suppress(sh.ErrorReturnCode):  # a signal; the code below is negative then
            self._process.wait()
        self._log.close()
        self._nothing.close()
        self._on_end(int(self._process.exit_code))
