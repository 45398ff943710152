"""The bare repository in which the commits are kept that were asked for, each with as little past as can be.

Whoever changes it holds the lock of its place (kept.py). One that was left in the middle of a change is not
mended: it is made anew. Checkouts do not need it.
"""

from __future__ import annotations

from pathlib import Path

from toolkit.ci.checkout import is_full, line
from toolkit.ci.repositories import kept
from toolkit.ci.repositories.asking import FETCH_SECONDS, Found, do, git, no_commit
from toolkit.ci.repositories.remote import Remote
from toolkit.ci.repositories.troubles import Trouble, Way

NAME, _CHANGING = "mirror.git", "mirror.changing"
PACKS = 100
"""After so many fetches it is made anew: what nobody asks for any more goes with it."""


def holding(where: str, remote: Remote, found: Found, place: Path) -> tuple[Path, str]:
    """The mirror, and the commit that is in it now: for a tag's own object the one that it is of.

    Raises Trouble; then the mirror is as it was.
    """
    mirror, changing = place / NAME, place / _CHANGING
    if changing.exists() or sum(1 for _ in (mirror / "objects" / "pack").glob("*.pack")) > PACKS:
        kept.discard(mirror)
    ask = git(place, remote, FETCH_SECONDS)
    reference = f"refs/kept/{found.commit}"
    known = ("-C", str(mirror), "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
    is_new = not mirror.is_dir()
    if not is_new and is_full(commit := line(ask, *known)):
        return mirror, commit
    changing.touch()
    try:
        if is_new:
            size = "sha256" if len(found.commit) == 64 else "sha1"
            words = ("init", "--quiet", "--bare", f"--object-format={size}", "--", str(mirror))
            do(where, remote, place, *words)
            do(where, remote, mirror, "config", "uploadpack.allowAnySHA1InWant", "true")
        _fetch(where, remote, mirror, found, reference)
    except Trouble:  # git ended by itself: what it had begun it has taken back
        if is_new:
            kept.discard(mirror)
        changing.unlink()
        raise
    changing.unlink()
    return mirror, line(ask, *known)


def _fetch(where: str, remote: Remote, mirror: Path, found: Found, reference: str) -> None:
    fetch = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head")
    try:
        do(where, remote, mirror, *fetch, "--depth=1", "--", remote.url, f"+{found.commit}:{reference}")
        return
    except Trouble as error:
        if error.way is not Way.WHOLE:
            raise
    # A server that gives only what a ref leads to, or nothing shallow.
    whole = ("+refs/heads/*:refs/all/heads/*", "+refs/tags/*:refs/all/tags/*")
    deep = ("--unshallow",) if (mirror / "shallow").is_file() else ()
    do(where, remote, mirror, *fetch, *deep, "--", remote.url, *whole)
    if git(mirror, remote)(("update-ref", reference, f"{found.commit}^{{commit}}")).failed:
        raise no_commit(where, remote._replace(ref=found.commit))
