"""Files that are written whole or not at all, and a sentence for a disk that takes none.

A reader, or whoever comes after a crash or a kill, meets the old file or the new one, never a part of one.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from toolkit.base.outcome import Failed

HOME = ".pipeline"
"""The folder of all that scripts keep, beside the configuration."""

_ROOM = "make room on that disk (`df -h` shows how full it is), then run it again"
_WRITABLE = "run it from a checkout that this user may write to: records and caches are kept in .pipeline/"
_REMEDIES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: "a limit of this shell or disk keeps files smaller than that: `ulimit -f` shows it",
    errno.EROFS: _WRITABLE,
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.EIO: "the disk is damaged or gone: look at the kernel's log (`dmesg`)",
}
# What an error of any of these numbers means without a path could as well be a socket's.
_ONLY_WITH_PATH = (errno.EACCES, errno.EPERM, errno.EIO)


class CannotWrite(Failed):
    """A file or folder cannot be written; the reason names its path."""


def write(path: Path, data: str | bytes, *, mode: int = 0o666) -> None:
    """Write a file in one step, onto the disk before it has its name; folders are made. Text as UTF-8.

    `mode` is as for open(2). Raises CannotWrite; then what was there before is still there, and nothing else.
    """
    content = data.encode() if isinstance(data, str) else data
    temporary = path.with_name(f".{path.name[:200]}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _ignore(path.parent)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise cannot(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def folder(path: Path) -> Path:
    """The folder, made if need be. Raises CannotWrite."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        _ignore(path)
    except OSError as error:
        raise cannot(path, error) from error
    return path


def _ignore(made: Path) -> None:
    """State ignores itself, as .venv does: it makes no checkout dirty, whatever its own .gitignore says."""
    if HOME in made.parts:
        sign = Path(*made.parts[: made.parts.index(HOME) + 1], ".gitignore")
        if not sign.exists():
            whole = sign.with_name(f".gitignore.{os.getpid()}.{os.urandom(4).hex()}")
            with contextlib.suppress(OSError):  # whatever else is written there says why it cannot be
                whole.write_text("*\n", encoding="utf-8")
                whole.replace(sign)
            with contextlib.suppress(OSError):
                whole.unlink()


def cannot(path: Path | str, error: OSError) -> CannotWrite:
    """The error as a sentence with the path, and what to do."""
    return CannotWrite(f"{path}: {error.strerror or error}", remedy=_REMEDIES.get(error.errno or 0, ""))


def of_disk(error: OSError) -> CannotWrite | None:
    """The same for an error from anywhere; None when it does not tell of a disk."""
    if error.errno not in _REMEDIES or (error.errno in _ONLY_WITH_PATH and not error.filename):
        return None
    return cannot(error.filename2 or error.filename or "a file", error)
