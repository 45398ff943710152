"""What a folder was prepared for, and what came of it: the mark that says whether it still holds."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from toolkit.base import files

PREPARED = "prepared"
"""Where marks and caches are, in .pipeline."""
_LEFT_OUT = (".git", files.HOME, ".sandbox")


class Mark(NamedTuple):
    """key: what it was prepared for. made: the folders that preparing made; without one of them it holds no
    more."""

    key: str
    made: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all of that is still there, with something in it."""
        return all(_is_filled(Path(each)) for each in self.made)


def read(file: Path) -> Mark | None:
    """The mark that was kept there; None for none, and for what is no mark."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return Mark(str(kept["key"]), tuple(str(each) for each in kept["made"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(file: Path, mark: Mark) -> None:
    """Keep it. Raises CannotWrite."""
    files.write(file, json.dumps(mark._asdict(), indent=1))


def digest(*texts: str | bytes) -> str:
    """A name for these texts; each counts by itself."""
    whole = hashlib.sha256()
    for text in texts:
        data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        whole.update(str(len(data)).encode() + b":" + data)
    return whole.hexdigest()


class Seen(NamedTuple):
    """A folder at one moment: its number on the disk, and when something in it came or went."""

    inode: int
    changed: int


def folders(top: Path) -> dict[str, Seen]:
    """The folders in a folder, and in those."""
    found: dict[str, Seen] = {}
    for outer in _within(str(top)):
        found[outer.path] = _seen(outer)
        found |= {inner.path: _seen(inner) for inner in _within(outer.path)}
    return found


def made(before: Mapping[str, Seen], after: Mapping[str, Seen], also: Iterable[str] = ()) -> tuple[str, ...]:
    """What is new or has changed, and what is there of `also`; of a new folder not what is in it."""
    whole = {path for path, seen in after.items() if path not in before or before[path].inode != seen.inode}
    touched = {path for path, seen in after.items() if path in before and before[path] != seen}
    every = {path for path in (whole | touched | set(also)) if str(Path(path).parent) not in whole}
    return tuple(sorted(path for path in every if _is_filled(Path(path))))


def _seen(entry: os.DirEntry[str]) -> Seen:
    stat = entry.stat()
    return Seen(stat.st_ino, stat.st_mtime_ns)


def _within(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [each for each in entries if each.is_dir() and each.name not in _LEFT_OUT]
    except OSError:
        return []


def _is_filled(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(iter(entries), None) is not None
    except OSError:
        return False
