"""The repository that a folder lies in, as git finds it: which one, its branch and commit, clean or not.

A work tree, a submodule, a nested clone or a linked worktree: the innermost that holds the folder.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from toolkit.ci import git as door
from toolkit.ci.git import At, Git

NO_GIT = "(no git)"
"""Branch where git does not answer; as NO_BRANCH it is no branch's name."""
NO_BRANCH = "(no branch)"
"""Branch of a detached checkout. No git branch can have this name: no rule about branches matches it."""

_STATUS = (
    *("status", "--porcelain=v2", "--branch", "--no-ahead-behind"),
    *("--untracked-files=normal", "--ignore-submodules=none"),
)
# What a run itself leaves behind where nobody told git to ignore it. Without a pathspec: those cost.
_LEFT_BEHIND = frozenset((".pipeline", ".sandbox"))
_PLACE = ("rev-parse", "--show-toplevel", "HEAD:./")
_AUTHOR = ("log", "-1", "--format=%an")
_IGNORED = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "--", ".")
_CHANGED = ("1 ", "2 ", "u ", "? ")


class Checkout(NamedTuple):
    """What git says of a folder. commit is 40 or 64 hex digits or "", author who wrote it, top the top of its
    work tree or ""."""

    system: str
    branch: str
    commit: str
    author: str
    dirty: bool
    top: str = ""
    trouble: str = ""
    remedy: str = ""


def top_of(folder: Path, at: At = door.at) -> str:
    """The top of the work tree that a folder lies in, links resolved; "" where git knows none."""
    return line(at(existing(folder)), "rev-parse", "--show-toplevel")


def existing(folder: Path) -> Path:
    """The folder, links resolved; where it is not there yet, the innermost one that is."""
    real = folder.resolve()
    return next((each for each in (real, *real.parents) if each.is_dir()), real)


def look(git: Git, apart: Collection[Path] = ()) -> Checkout:
    """What git says of the folder that it was asked about.

    Repositories of their own below it, in which one of `apart` lies, are no change of this one: they are
    asked themselves. A folder that its repository ignores is in none of its commits, and so not clean.
    """
    status, place, author = door.together(git, _STATUS, _PLACE, _AUTHOR)
    placed = place.answer.lines()
    top = placed[0].strip() if placed else line(git, "rev-parse", "--show-toplevel")
    who = author.answer.reveal().strip()
    lines = [each for each in status.answer.lines() if each.strip()]
    header = dict(each[len("# branch.") :].split(" ", 1) for each in lines if each.startswith("# branch."))
    if "head" not in header:
        return Checkout("no git", NO_GIT, "", who, False, "", status.complaint, status.remedy)
    branch = NO_BRANCH if header["head"] == "(detached)" else header["head"]
    commit = header.get("oid", "")
    changes = [each for each in lines if each.startswith(_CHANGED) and not _left_behind(each)]
    dirty = any(_ours(each, git, top, apart) for each in changes)
    if not is_full(commit):
        remedy = "git add -A && git commit -m first"
        return Checkout(
            "git", branch, "", who, dirty, top, f"git: {header['head']} has no commit yet", remedy
        )
    if top and not placed and not dirty and git(_IGNORED).answer.reveal():
        why = f"the folder is in no commit of {top}: it is ignored there"
        return Checkout("git", branch, commit, who, True, top, why, "git check-ignore -v says by which rule")
    return Checkout("git", branch, commit, who, dirty, top)


def line(git: Git, *arguments: str) -> str:
    """A one-line answer; "" when there is none."""
    return git(arguments).answer.reveal().strip()


def is_full(commit: str) -> bool:
    """Whether it is a whole hash."""
    return re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit) is not None


def _left_behind(change: str) -> bool:
    return change.startswith("? ") and not _LEFT_BEHIND.isdisjoint(change[2:].rstrip("/").split("/"))


def _ours(change: str, git: Git, top: str, apart: Collection[Path]) -> bool:
    """Whether a line of the status is a change of this repository's own files."""
    kind, name = change[:2], change[2:].rstrip("/")
    if not apart or not top or not name:
        return True
    if kind == "1 ":  # XY sub mH mI mW hH hI path; sub begins with S for a submodule
        fields = change.split(" ", 8)
        return not (fields[2].startswith("S") and _another(Path(top, fields[8]), apart))
    if kind != "? " or not any(each.resolve().is_relative_to(Path(top, name)) for each in apart):
        return True
    # A folder of which nothing is tracked is one line, whatever is in it.
    asked = ("ls-files", "-z", "-o", "--exclude-standard", "--full-name", "--", f":(top,literal){name}")
    names = [each for each in git(asked).answer.reveal().split("\0") if each]
    return not names or not all(_another(Path(top, each), apart) for each in names)


def _another(folder: Path, apart: Collection[Path]) -> bool:
    """Whether a folder is a repository of its own in which one of `apart` lies."""
    real = folder.resolve()
    return (real / ".git").exists() and any(each.resolve().is_relative_to(real) for each in apart)
