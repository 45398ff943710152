"""What is kept of a repository elsewhere, who may change it, and who uses it.

    <home>/<name>-<digest>/lock        held by whoever changes anything of what follows
                          /mirror.git  objects of the commits that were asked for
                          /new-*       what is not whole yet, or on its way out
                          /<commit>... a checkout; a lock in its .git is held by every process that uses it

A process that is killed leaves its locks to nobody; what it did not finish is cleared by the next.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from toolkit.base import files

NEW = "new-"
"""What the name of something begins with that is not whole."""
_POLL_SECONDS = 0.05
_USE = Path(".git", "pipeline.use")
# Checkouts that this process uses, to its end: by folder, the open file whose lock says so.
_used: dict[Path, int] = {}
_using = threading.Lock()


def new(place: Path) -> Path:
    """A name for what is being made there."""
    return place / f"{NEW}{os.urandom(6).hex()}"


def discard(folder: Path) -> None:
    """Take it out: at once for whoever looks for it, and from the disk as far as that goes now."""
    if folder.exists():
        folder = folder.rename(new(folder.parent))
    shutil.rmtree(folder, ignore_errors=True)


def checkouts(place: Path) -> list[Path]:
    """The checkouts that are whole."""
    return [each for each in place.iterdir() if (each / ".git").is_dir() and not each.name.startswith(NEW)]


@contextlib.contextmanager
def changing(place: Path) -> Iterator[None]:
    """Hold the right to change what is kept there, alone. Where nothing is kept, nothing is left."""
    lock = place / "lock"
    descriptor = _exclusive(lock)
    try:
        _clear(place)
        yield
    finally:
        _clear(place)
        if all(each.name == lock.name for each in place.iterdir()):
            lock.unlink()
            with contextlib.suppress(OSError):
                place.rmdir()
        os.close(descriptor)


def _clear(place: Path) -> None:
    for each in place.glob(f"{NEW}*"):
        shutil.rmtree(each, ignore_errors=True)


def _exclusive(lock: Path) -> int:
    while True:
        files.folder(lock.parent)
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except FileNotFoundError:
            continue  # whoever had it took the folder out
        if _taken(descriptor, lock, fcntl.LOCK_EX):
            return descriptor
        os.close(descriptor)
        threading.Event().wait(_POLL_SECONDS)


def _taken(descriptor: int, lock: Path, how: int) -> bool:
    """Whether the lock is ours now, and the file still the one that others meet."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        there = lock.stat()
    except (BlockingIOError, FileNotFoundError):
        return False
    return os.path.samestat(os.fstat(descriptor), there)


def use(folder: Path) -> bool:
    """Use a checkout until this process ends; False where there is none (any more)."""
    with _using:
        held = _used.get(folder)
        if held is not None and _taken(held, folder / _USE, fcntl.LOCK_SH):
            return True
        descriptor = _open(folder)
        if descriptor is None or not _taken(descriptor, folder / _USE, fcntl.LOCK_SH):
            if descriptor is not None:
                os.close(descriptor)
            return False
        os.utime(folder)
        _used[folder] = descriptor
        return True


def is_idle(folder: Path) -> bool:
    """Whether no process uses it; asked by who may change what is kept."""
    if folder in _used:
        return False
    descriptor = _open(folder)
    if descriptor is None:
        return True
    try:
        return _taken(descriptor, folder / _USE, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)


def leave() -> None:
    """Use none of them any more."""
    with _using:
        for descriptor in _used.values():
            os.close(descriptor)
        _used.clear()


def _open(folder: Path) -> int | None:
    try:
        return os.open(folder / _USE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except (FileNotFoundError, NotADirectoryError):
        return None
