"""A service as this run sees it: a keeper (keeping/keeper.py) that has started it, and ends it."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.base.outcome import Misused
from toolkit.base.redaction import Raw, tail
from toolkit.checks import programs

KEEPER = Path(__file__).parent / "keeping" / "keeper.py"
END_SECONDS = 20.0
LOG_BYTES = 1_000_000
"""How much of its output is kept: the last of it."""
_ENDED = re.compile(r"ended (-?\d+)")


class Kept:
    """A service that was started; `code` is its exit code once it has ended, by what look() saw."""

    def __init__(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str], folder: str) -> None:
        """Raises Misused when there is no such program. The folder goes with the service."""
        self.code: int | None = None
        self.is_missed = True
        self._require(argv[0], cwd, env, folder)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it lasts as long as the service
        self._told = b""
        keeper = [sys.executable, "-I", "-S", str(KEEPER), folder, *argv]
        self._process = subprocess.Popen(
            keeper,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101 - piped
        os.set_blocking(self._process.stdout.fileno(), False)

    def look(self) -> int | None:
        """Its exit code, None as long as it runs."""
        assert self._process.stdout is not None  # noqa: S101 - piped
        with contextlib.suppress(BlockingIOError):
            self._told += os.read(self._process.stdout.fileno(), 1024)
        if found := _ENDED.search(self._told.decode()):
            self.code = int(found.group(1))
        elif self._process.poll() is not None:
            self.code = self._process.returncode  # of the keeper: it could not start it
        return self.code

    def end(self) -> None:
        """End it and all that it has started; its folder is gone then."""
        self.look()
        assert self._process.stdin is not None  # noqa: S101 - piped
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def output(self) -> str:
        """What it has printed lately, without secrets."""
        return self._raw().shown

    def tail(self, lines: int) -> tuple[str, ...]:
        """The last lines of that."""
        return tail(self._raw().shown, lines)

    def _raw(self) -> Raw:
        size = self._log.seek(0, os.SEEK_END)
        begin = max(0, size - LOG_BYTES)
        data = os.pread(self._log.fileno(), size - begin, begin)
        if begin:
            data = data.partition(b"\n")[2]  # half a line could hold half a secret
        return Raw(data.decode("utf-8", "replace"))

    @staticmethod
    def _require(program: str, cwd: Path, env: Mapping[str, str], folder: str) -> None:
        import shutil

        place = str(cwd / program) if "/" in program else program
        if shutil.which(place, path=env.get("PATH")) is None:
            Path(folder).rmdir()
            raise Misused(
                f"{program} is not installed: there is no such program on this machine",
                remedy=programs.how_to_get(program),
            )
