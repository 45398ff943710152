"""What a ref of a repository elsewhere is: a branch, a tag or a commit."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from toolkit.base.outcome import Misused
from toolkit.ci import git as door
from toolkit.ci.repositories import troubles
from toolkit.ci.repositories.remote import Remote
from toolkit.ci.repositories.troubles import Trouble, Way
from toolkit.settings.said.words import nearest

ASK_SECONDS, FETCH_SECONDS = 60, 900
PAUSES = (0.5, 2.0)
"""Seconds before the second and the third try of what may go well a moment later."""
_KINDS = {"branch": "refs/heads/", "tag": "refs/tags/"}


class Found(NamedTuple):
    """What a ref led to: branch is its name where it is one, else "". name is what git fetches."""

    commit: str
    branch: str
    name: str

    @property
    def is_tag(self) -> bool:
        """Whether it is a tag."""
        return self.name.startswith(_KINDS["tag"])


def git(folder: Path, remote: Remote, seconds: float = ASK_SECONDS) -> door.Git:
    """git in a folder, with what gets it into the repository."""
    return door.at(folder, seconds=seconds, more=remote.environment(os.environ))


def do(where: str, remote: Remote, folder: Path, *words: str, seconds: float = FETCH_SECONDS) -> door.Said:
    """What git does there, tried again where it may go well a moment later. Raises Trouble."""
    ask = git(folder, remote, seconds)
    for pause in (*PAUSES, None):
        said = ask(words)
        if not said.failed:
            break
        error = troubles.trouble(where, remote, said)
        if pause is None or error.way is not Way.AGAIN:
            raise error
        threading.Event().wait(pause)
    return said


def find(where: str, remote: Remote, folder: Path) -> Found:
    """What the ref is now, as the repository says. where: the key that names it, for messages.

    Raises Misused for a repository that cannot be asked, and for a ref that is not there or is two things.
    """
    if remote.is_pinned:
        return Found(remote.ref, "", remote.ref)
    ask = ("ls-remote", "--heads", "--tags", "--", remote.url)
    said = do(where, remote, folder, *ask, seconds=ASK_SECONDS)
    rows = [line.split("\t", 1) for line in said.answer.lines() if "\t" in line]
    refs = {name: commit for commit, name in rows}
    named = [prefix + remote.ref for prefix in _KINDS.values()]
    known = [name for name in (remote.ref, *named) if name in refs]
    if len(known) > 1:
        raise Misused(
            f'{where}: "{remote.ref}" is a branch and a tag of {remote.url}',
            remedy=f"say which: ref = {' or '.join(f'{chr(34)}{name}{chr(34)}' for name in known)}",
        )
    if not known:
        raise _missing(where, remote, refs)
    name = known[0]
    branch = name.removeprefix(_KINDS["branch"]) if name.startswith(_KINDS["branch"]) else ""
    return Found(refs.get(f"{name}^{{}}", refs[name]), branch, name)


def no_commit(where: str, remote: Remote) -> Trouble:
    """The error for a whole hash that the repository does not have."""
    return Trouble(
        f"{where}: {remote.url} has no commit {remote.ref}",
        remedy="is it pushed? a ref is a branch, a tag or a commit of that repository",
    )


def _missing(where: str, remote: Remote, refs: Iterable[str]) -> Misused:
    short = [
        name for name in (re.sub(r"^refs/(heads|tags)/", "", ref) for ref in refs) if not name.endswith("^{}")
    ]
    if re.fullmatch(r"[0-9a-f]{7,39}", remote.ref):
        return Misused(
            f'{where}: {remote.url} has no branch or tag "{remote.ref}"',
            remedy="a commit is written whole, all 40 digits of it: shortened it may mean another one later",
        )
    shown = ", ".join(short[:12]) + (f" and {len(short) - 12} more" if len(short) > 12 else "")
    return Misused(
        f'{where}: {remote.url} has no branch, tag or commit "{remote.ref}"{nearest(remote.ref, short)}',
        remedy=f"it has: {shown}" if short else "it is empty: push something first",
    )
