"""Standard output and error that may go away: `| head`, a pager that was left, a terminal that was closed.

Whoever stops reading has not said that the work is to stop: that is what Ctrl-C is for. What cannot be shown
any more is dropped, the script goes on into its record and its exit code is true.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast


class Screen:
    """A stream that nothing ends: once it cannot be written to it takes everything and shows nothing."""

    def __init__(self, stream: TextIO, told: str, other: TextIO | None) -> None:
        self._stream = stream
        self._told, self._other = told, other
        self._gone = False
        with contextlib.suppress(AttributeError, ValueError, OSError):
            cast(Any, stream).reconfigure(errors="replace")  # a terminal without ✔

    def write(self, text: str) -> int:
        """Show it, as long as somebody looks."""
        if not self._gone:
            try:
                return self._stream.write(text)
            except (OSError, ValueError):
                self._lose()
        return len(text)

    def flush(self) -> None:
        """Show what was held back."""
        if not self._gone:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self._lose()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _lose(self) -> None:
        """From now on nobody sees this; the interpreter must not stumble over what is left when it ends."""
        self._gone = True
        with contextlib.suppress(OSError, ValueError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self._stream.fileno())
            os.close(nothing)
        if self._told and self._other:
            with contextlib.suppress(OSError, ValueError):
                self._other.write(f"{self._told}\n")
                self._other.flush()


@contextlib.contextmanager
def lasting(told: str = "") -> Iterator[None]:
    """While it lasts neither standard stream can end this process; `told` goes to standard error, once, when
    nobody reads standard output any more."""
    _open_what_is_closed()
    out, err = sys.stdout, sys.stderr
    sys.stderr = cast(TextIO, Screen(err, "", None))
    sys.stdout = cast(TextIO, Screen(out, told, sys.stderr))
    try:
        yield
        sys.stdout.flush()
    finally:
        sys.stdout, sys.stderr = out, err


def _open_what_is_closed() -> None:
    """Started with `>&-` a stream is missing, and the next file that is opened would get its number."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
