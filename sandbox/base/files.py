"""Small file operations that never leave half a result behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace ``path`` by ``text`` in one step: a reader, and whoever comes after a crash, sees the old file
    or the new one. A disk that is full leaves nothing of it behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file ``path`` exclusively; waits for the holder. The kernel frees it when a process
    dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def remove_tree(path: Path) -> None:
    """Remove a tree that may hold read-only directories; a tree that is not there is fine."""

    def unlock(_function: object, name: str, _error: object) -> None:
        with contextlib.suppress(OSError):
            Path(name).parent.chmod(0o700)
            Path(name).chmod(0o700)
            target = Path(name)
            target.rmdir() if target.is_dir() and not target.is_symlink() else target.unlink()

    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    elif path.exists():
        shutil.rmtree(path, onerror=unlock)


def link_tree(source: Path, target: Path) -> None:
    """A copy of ``source`` at ``target`` that shares its files by hard links (copies across file systems)."""
    target.mkdir(parents=True, exist_ok=True)
    with os.scandir(source) as entries:
        for entry in entries:
            to = target / entry.name
            if entry.is_symlink():
                to.symlink_to(Path(entry.path).readlink())
            elif entry.is_dir():
                link_tree(Path(entry.path), to)
            else:
                try:
                    os.link(entry.path, to)
                except OSError:
                    shutil.copy2(entry.path, to)


def copy_file(source: Path, target: Path, mode: int | None = None) -> None:
    """Copy one file or symbolic link, replacing what is at ``target`` instead of writing into a shared
    inode."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        raise IsADirectoryError(f"{target} is a directory")
    target.unlink(missing_ok=True)
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    shutil.copyfile(source, target)
    target.chmod(mode if mode is not None else stat.S_IMODE(source.stat().st_mode) | 0o600)
