"""Keeps what is printed in a file as well."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from toolkit.base import files


class _Tee:
    """Standard output that is also kept in a file."""

    def __init__(self, screen: TextIO, file: TextIO) -> None:
        self._screen = screen
        self._file = file
        self.encoding = screen.encoding

    def write(self, text: str) -> int:
        self._screen.write(text)
        with contextlib.suppress(OSError):  # a full disk: the record will say so, in one sentence
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        self._screen.flush()
        with contextlib.suppress(OSError):
            self._file.flush()

    def isatty(self) -> bool:
        return self._screen.isatty()


@contextlib.contextmanager
def kept(file: Path) -> Iterator[None]:
    """While it lasts, standard output goes to the screen and to the file. Raises CannotWrite."""
    try:
        kept = file.open("w", encoding="utf-8")
    except OSError as error:
        raise files.cannot(file, error) from error
    screen = sys.stdout
    sys.stdout = _Tee(screen, kept)
    try:
        yield
    finally:
        sys.stdout = screen
        with contextlib.suppress(OSError):
            kept.close()
