"""The files that something is made of: those that git keeps or would keep, and all that a build gets to see.

Each folder is asked of the repository that it lies in; submodules, nested clones and linked folders are gone
into. Where git knows none (no repository, or one that ignores the folder) it is all but what tools leave.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from toolkit.ci import git as door

LEFTOVERS = frozenset(
    {
        *(".git", "__pycache__", ".pipeline", ".sandbox", ".pytest_cache", ".ruff_cache", ".mypy_cache"),
        *(".hypothesis", ".coverage", ".DS_Store"),
    }
)
"""What tools leave behind, and what git keeps for itself: never an input, whoever forgot to ignore it."""
_LIST = ("ls-files", "-z", "-co", "--exclude-standard", "--", ".")
_UNREADABLE = "�"

Skip = Callable[[Path], bool]


def below(path: Path, folders: Collection[Path]) -> bool:
    """Whether a path is one of these folders, or in one of them."""
    text = str(path)
    return any(text == (each := str(folder)) or text.startswith(f"{each.rstrip('/')}/") for folder in folders)


def kept(folders: Iterable[Path], skip: Skip = lambda _: False) -> set[Path]:
    """The files that git keeps or would keep in these folders, without those that are to be skipped there.

    A link is among them as itself, and with all that is in the folder that it leads to.
    """
    found: set[Path] = set()
    entered: set[Path] = set()

    def enter(folder: Path, skip: Skip) -> None:
        real = folder.resolve()
        if real in entered:
            return
        entered.add(real)
        for path, mode in _entries(_named(real)):
            if skip(path):
                continue
            if stat.S_ISDIR(mode):
                if (path / ".git").exists():  # a submodule or a nested clone; else there is nothing in it
                    enter(path, skip)
                continue
            found.add(path)
            if stat.S_ISLNK(mode) and path.is_dir() and not below(real, [path.resolve()]):
                enter(path, lambda _: False)

    for folder in folders:
        if folder.is_file():
            found.add(folder)
        elif folder.is_dir():
            enter(folder, skip)
    return found


def everything(folder: Path, skip: Skip = lambda _: False) -> Iterator[Path]:
    """All files and links below a folder, as a build sees them, but LEFTOVERS and what is to be skipped."""
    for where, folders, names in os.walk(folder):
        links = [name for name in folders if Path(where, name).is_symlink()]
        folders[:] = sorted(name for name in folders if name not in LEFTOVERS and not skip(Path(where, name)))
        yield from (Path(where, name) for name in sorted([*names, *links]) if name not in LEFTOVERS)


def digest(file: Path) -> str:
    """A hash of a file's content and of whether it may be run; of a link also of where it leads. Files that
    are gone, or may not be read, have one of their own."""
    parts = []
    try:
        if file.is_symlink():
            parts.append(f"-> {file.readlink()}")
        if file.is_file():
            parts.append("x" if os.access(file, os.X_OK) else "-")
            parts.append(hashlib.sha256(file.read_bytes()).hexdigest())
    except OSError as error:
        parts.append(f"cannot be read: {error.errno}")
    return " ".join(parts)


def _named(folder: Path) -> Iterable[Path]:
    """The entries of a folder, as git names them; all but LEFTOVERS where git names none, or none that can be
    understood."""
    said = door.at(folder)(_LIST)
    answer = said.answer.reveal()
    names = {name.rstrip("/") for name in answer.split("\0") if name and not _is_leftover(name)}
    if said.failed or not names or _UNREADABLE in answer:
        return everything(folder)
    return [folder / name for name in sorted(names)]


def _is_leftover(name: str) -> bool:
    return not LEFTOVERS.isdisjoint(name.split("/"))


def _entries(paths: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    """The paths that are there, with their modes."""
    for path in paths:
        try:
            yield path, os.lstat(path).st_mode
        except OSError:
            continue
