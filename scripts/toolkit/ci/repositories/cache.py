"""Checkouts of repositories elsewhere, kept: a folder a repository, in it a bare mirror and one checkout for
each commit and branch, so that two refs, or two runs at once, do not disturb each other.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from toolkit.base import files
from toolkit.base.outcome import Misused
from toolkit.ci import git as door
from toolkit.ci.checkout import NO_BRANCH, line, look
from toolkit.ci.inputs import LEFTOVERS
from toolkit.ci.repositories import asking, troubles
from toolkit.ci.repositories.asking import FETCH_SECONDS, Found
from toolkit.ci.repositories.remote import Remote

KEPT, KEPT_SECONDS = 5, 7 * 24 * 3600.0
"""So many checkouts stay however old they are, and all that were used in so many seconds."""
_NEW = "new-"
_TAGS = "tags.json"


def checked_out(where: str, remote: Remote, found: Found, home: Path) -> Path:
    """The checkout of what a ref led to; made where there is none, or where it is no longer as it was made.

    Raises Misused where it cannot be had, and for a tag that leads elsewhere than it did before.
    """
    place = folder_of(remote, home)
    with _locked(place):
        if found.is_tag:
            _require_unmoved(where, remote, found, place)
        base = _name(found)
        for number in range(1, 1000):
            folder = place / (base if number == 1 else f"{base}.{number}")
            if not folder.exists():
                _make(where, remote, found, place, folder)
            if _is_as_made(folder, found):
                break
        os.utime(folder)
        _prune(place, folder)
    return folder


def folder_of(remote: Remote, home: Path) -> Path:
    """Where all of a repository is kept."""
    digest = hashlib.sha256(remote.key.encode(errors="surrogateescape")).hexdigest()[:8]
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", remote.key.removesuffix(".git").rstrip("/").rpartition("/")[2])
    return home / f"{name.strip('-') or 'repository'}-{digest}"


def _name(found: Found) -> str:
    if not found.branch:
        return found.commit[:12]
    digest = hashlib.sha256(found.branch.encode(errors="surrogateescape")).hexdigest()[:6]
    return f"{found.commit[:12]}-{re.sub(r'[^A-Za-z0-9_-]+', '-', found.branch)[:40]}-{digest}"


def _make(where: str, remote: Remote, found: Found, place: Path, folder: Path) -> None:
    """Make a checkout: it has its name when it is whole."""
    mirror = _mirrored(where, remote, found, place)
    made = place / f"{_NEW}{os.getpid()}"
    shutil.rmtree(made, ignore_errors=True)
    files.folder(made)
    branch = found.branch or "detached"
    _do(where, remote, place, "init", "--quiet", f"--initial-branch={branch}", "--", str(made))
    _do(where, remote, made, "remote", "add", "origin", remote.url)
    _do(where, remote, made, "fetch", "--quiet", "--depth=1", "--no-tags", "--", str(mirror), found.commit)
    exclude = made / ".git" / "info" / "exclude"
    files.write(exclude, "\n".join(["*.pyc", ".coverage.*", *sorted(LEFTOVERS - {".git"})]) + "\n")
    if found.branch:
        _do(where, remote, made, "update-ref", f"refs/heads/{branch}", found.commit)
        _do(where, remote, made, "reset", "--quiet", "--hard", found.commit)
    else:
        _do(where, remote, made, "checkout", "--quiet", "--detach", found.commit)
    if (made / ".gitmodules").is_file():
        update = ("submodule", "--quiet", "update", "--init", "--recursive", "--depth=1")
        _do(where, remote, made, *update)
    made.rename(folder)


def _mirrored(where: str, remote: Remote, found: Found, place: Path) -> Path:
    """The mirror, with the commit in it: as little of the history as the server gives."""
    mirror = place / "mirror.git"
    if not (mirror / "HEAD").is_file():
        _do(where, remote, place, "init", "--quiet", "--bare", "--", str(mirror))
        _do(where, remote, mirror, "config", "uploadpack.allowAnySHA1InWant", "true")
    ask = asking.git(mirror, remote, FETCH_SECONDS)
    kept = f"refs/kept/{found.commit}"
    if line(ask, "rev-parse", "--verify", "--quiet", f"{kept}^{{commit}}"):
        return mirror
    fetch = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head")
    said = ask((*fetch, "--depth=1", "--", remote.url, f"+{found.commit}:{kept}"))
    if said.failed and troubles.is_of_object(said, said.errors):
        # A server that gives only what a ref leads to, or nothing shallow.
        whole = ("+refs/heads/*:refs/all/heads/*", "+refs/tags/*:refs/all/tags/*")
        deep = ("--unshallow",) if (mirror / "shallow").is_file() else ()
        said = ask((*fetch, *deep, "--", remote.url, *whole))
        if not said.failed and ask(("update-ref", kept, f"{found.commit}^{{commit}}")).failed:
            raise asking.no_commit(where, remote._replace(ref=found.commit))
    if said.failed:
        raise troubles.trouble(where, remote, said, said.errors)
    return mirror


def _do(where: str, remote: Remote, folder: Path, *words: str) -> None:
    said = asking.git(folder, remote, FETCH_SECONDS)(words)
    if said.failed:
        raise troubles.trouble(where, remote, said, said.errors)


def _is_as_made(folder: Path, found: Found) -> bool:
    """Whether it is still that commit, on its branch, and nothing in it was changed."""
    seen = look(door.at(folder))
    return (seen.commit, seen.branch, seen.dirty) == (found.commit, found.branch or NO_BRANCH, False)


def _require_unmoved(where: str, remote: Remote, found: Found, place: Path) -> None:
    """A tag that leads elsewhere than it did is no pin. Raises Misused."""
    try:
        tags = dict(json.loads((place / _TAGS).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        tags = {}
    before = tags.setdefault(found.name, found.commit)
    if before != found.commit:
        raise Misused(
            f'{where}: tag "{remote.ref}" of {remote.url} was moved, '
            f"from {before[:12]} to {found.commit[:12]}",
            remedy=f'ref = "{found.commit}" is the new one; rm {place / _TAGS} believes every tag anew',
        )
    files.write(place / _TAGS, json.dumps(tags))


def _prune(place: Path, used: Path) -> None:
    """Remove what was not used for long, and what a killed one left half made."""
    old = time.time() - KEPT_SECONDS
    every = [each for each in place.iterdir() if (each / ".git").exists()]
    for each in place.glob(f"{_NEW}*"):
        shutil.rmtree(each, ignore_errors=True)
    with contextlib.suppress(OSError):
        for each in sorted(every, key=lambda each: each.stat().st_mtime, reverse=True)[KEPT:]:
            if each != used and not each.name.startswith(_NEW) and each.stat().st_mtime < old:
                shutil.rmtree(each, ignore_errors=True)


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[None]:
    """One at a time in a repository's folder; the kernel frees it when a process dies."""
    files.folder(place)
    with (place / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
