"""Keeps what is printed in a file as well."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


class _Tee:
    """Standard output that is also kept in a file."""

    def __init__(self, screen: TextIO, file: TextIO) -> None:
        self._screen = screen
        self._file = file
        self.encoding = screen.encoding

    def write(self, text: str) -> int:
        with contextlib.suppress(BrokenPipeError):
            self._screen.write(text)
        return self._file.write(text)

    def flush(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._screen.flush()
        self._file.flush()

    def isatty(self) -> bool:
        return self._screen.isatty()


@contextlib.contextmanager
def kept(file: Path) -> Iterator[None]:
    """While it lasts, standard output goes to the screen and to the file."""
    with file.open("w", encoding="utf-8") as kept:
        screen = sys.stdout
        sys.stdout = _Tee(screen, kept)
        try:
            yield
        finally:
            sys.stdout = screen
