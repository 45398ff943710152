"""A ref is looked up once in a run: what is found is handed on to all that the run starts."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from toolkit.base.outcome import Misused
from toolkit.ci.repositories.remote import TAKEN, Remote

if TYPE_CHECKING:
    from toolkit.ci.repositories import asking

VARIABLE = "PIPELINE_CHECKOUTS"
HOME = "checkouts"
"""The folder below .pipeline/ that checkouts are kept in."""


class Checked(NamedTuple):
    """A checkout: its folder, its commit, and its branch where the ref is one."""

    folder: Path
    commit: str
    branch: str


def checkout(where: str, remote: Remote, home: Path, *, pinned: bool = False) -> Checked:
    """The checkout of a ref, below `home`. where: the key that names it, for messages.

    A branch is asked for once in a run, and then stays what it was, also in what this process starts. pinned:
    a branch will not do. Raises Misused with a sentence where it cannot be had.
    """
    require(where, remote)
    key = f"{home} {remote.key} {remote.ref}"
    handed = _handed()
    from toolkit.ci.repositories import kept  # only what is elsewhere pays for it

    if (told := handed.get(key)) and kept.use(Path(told[0])):
        return Checked(Path(told[0]), told[1], told[2])
    from toolkit.base import files
    from toolkit.base.redaction import redact
    from toolkit.ci.repositories import asking, cache, making

    if told:  # somebody took it out: it is the same commit all the same
        found = asking.Found(told[1], told[2], told[1])
    else:
        found = asking.find(where, remote, files.folder(home))
    if pinned and found.branch:
        raise Misused(
            f'{where}: "{remote.ref}" is a branch of {remote.url}, which moves: it is not pinned',
            remedy=f'ref = "{found.commit}" is its commit of today; a tag will do too',
        )
    folder, commit = cache.checked_out(where, remote, found, home)
    checked = Checked(folder, commit, found.branch)
    for note in making.notes(folder):
        sys.stderr.write(f"{redact(note)}\n")  # stdout may be JSON
    handed[key] = (str(checked.folder), checked.commit, checked.branch)
    _hand_on(handed)
    return checked


def commit(where: str, remote: Remote, folder: Path) -> str:
    """The commit that a ref leads to, asked for once in a run: nothing is fetched. Raises Misused."""
    require(where, remote)
    return _found(where, remote, folder).commit


def apart(where: str, remote: Remote, home: Path) -> Path:
    """A checkout below `home` that is nobody else's and is not handed on: of the commit that the ref led to
    when this run first asked. Raises Misused."""
    require(where, remote)
    from toolkit.ci.repositories import cache

    return cache.checked_out(where, remote, _found(where, remote, home), home)[0]


def _found(where: str, remote: Remote, folder: Path) -> asking.Found:
    """What a ref leads to, and stays in this run, also in what this process starts."""
    from toolkit.ci.repositories import asking

    key = f"ref {remote.key} {remote.ref}"
    handed = _handed()
    if told := handed.get(key):
        return asking.Found(told[1], told[2], told[1])
    found = asking.find(where, remote, folder)
    handed[key] = ("", found.commit, found.branch)
    _hand_on(handed)
    return found


def _hand_on(handed: dict[str, tuple[str, str, str]]) -> None:
    import json

    os.environ[VARIABLE] = json.dumps(handed)


def require(where: str, remote: Remote) -> None:
    """Raises Misused for an address or a ref that nothing can be asked for."""
    if not remote.url:
        raise Misused(
            f"{where}: {remote.variable} holds no address: it is not set",
            remedy=f"export {remote.variable}=<the repository's address>",
        )
    for what, word in (("address", remote.url), ("ref", remote.ref)):
        unfit = word.startswith("-") or not word.isprintable() or (what == "ref" and " " in word)
        if not word or unfit:
            raise Misused(f'{where}: "{word}" cannot be the {what} of a repository')
    scheme = re.match(r"([^/:]+)(::|://)", remote.url)
    if scheme and (scheme[2] == "::" or scheme[1] not in TAKEN):
        raise Misused(
            f'{where}: "{remote.url}" is of the transport {scheme[1]}, which is not taken',
            remedy=f"write an address of {', '.join(TAKEN)}, or user@host:path",
        )


def _handed() -> dict[str, tuple[str, str, str]]:
    if VARIABLE not in os.environ:
        return {}
    import json

    try:
        return {key: (str(a), str(b), str(c)) for key, (a, b, c) in json.loads(os.environ[VARIABLE]).items()}
    except (ValueError, AttributeError, TypeError):
        return {}
