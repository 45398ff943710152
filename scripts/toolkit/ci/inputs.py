"""The files that something is made of: those that git keeps or would keep, and all that a build gets to see.

Each folder is asked of the repository that it lies in; submodules, nested clones and linked folders are gone
into. Where git knows none (no repository, or one that ignores the folder) it is all but what tools leave.
Paths are text: of ten thousand files objects cost more than git does.
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
_UNREADABLE = "\ufffd"

Skip = Callable[[str], bool]


def below(path: str | Path, folders: Collection[Path]) -> bool:
    """Whether a path is one of these folders, or in one of them."""
    text = str(path)
    return any(text == (each := str(folder)) or text.startswith(f"{each.rstrip('/')}/") for folder in folders)


def kept(folders: Iterable[Path], skip: Skip | None = None) -> set[str]:
    """The files that git keeps or would keep in these folders, without those that are to be skipped there.

    A link is among them as itself, and with all that is in the folder that it leads to.
    """
    found: set[str] = set()
    entered: set[Path] = set()

    def enter(folder: Path, skip: Skip | None) -> None:
        real = folder.resolve()
        if real in entered:
            return
        entered.add(real)
        for path in listed(real):
            if skip and skip(path):
                continue
            try:
                mode = os.lstat(path).st_mode
            except OSError:
                continue  # deleted, and not committed yet
            if stat.S_ISREG(mode):
                found.add(path)
            elif stat.S_ISDIR(mode):
                # A submodule or a nested clone; else there is nothing in it.
                if Path(path, ".git").exists():
                    enter(Path(path), skip)
            else:
                found.add(path)
                if Path(path).is_dir() and not below(real, [Path(path).resolve()]):
                    enter(Path(path), None)

    for folder in folders:
        if folder.is_file():
            found.add(str(folder))
        elif folder.is_dir():
            enter(folder, skip)
    return found


def everything(folder: Path, skip: Skip | None = None) -> Iterator[str]:
    """All files and links below a folder, as a build sees them, but LEFTOVERS and what is to be skipped."""
    for where, folders, names in os.walk(folder):
        links = [name for name in folders if Path(where, name).is_symlink()]
        folders[:] = sorted(
            name for name in folders if name not in LEFTOVERS and not (skip and skip(f"{where}/{name}"))
        )
        yield from (f"{where}/{name}" for name in sorted([*names, *links]) if name not in LEFTOVERS)


def digest(file: str | Path) -> str:
    """A hash of a file's content and of whether it may be run; of a link also of where it leads. Files that
    are gone, or may not be read, have one of their own."""
    parts, path = [], Path(file)
    try:
        if path.is_symlink():
            parts.append(f"-> {path.readlink()}")
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            parts.append("x" if mode & 0o111 else "-")
            with path.open("rb") as content:
                parts.append(hashlib.file_digest(content, "sha256").hexdigest())
    except OSError as error:
        parts.append(f"cannot be read: {error.errno}")
    return " ".join(parts)


def listed(folder: Path) -> Collection[str]:
    """The entries of a folder, as git names them; all but LEFTOVERS where git names none, or none that can be
    understood."""
    said = door.at(folder)(_LIST)
    answer = said.answer.reveal()
    if said.failed or not answer or _UNREADABLE in answer:
        return list(everything(folder))
    names = filter(None, answer.split("\0"))
    if any(leftover in answer for leftover in LEFTOVERS):
        names = filter(lambda name: LEFTOVERS.isdisjoint(name.split("/")), names)
    return {f"{folder}/{name.rstrip('/')}" for name in names}
