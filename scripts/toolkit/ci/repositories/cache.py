"""Checkouts of repositories elsewhere, kept: a folder a repository, in it a bare mirror and one checkout for
each commit and branch, so that two refs, or two runs at once, do not disturb each other.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from pathlib import Path

from toolkit.base import files
from toolkit.base.outcome import Misused
from toolkit.ci.repositories import kept, making, mirror
from toolkit.ci.repositories.asking import Found
from toolkit.ci.repositories.remote import Remote
from toolkit.ci.repositories.troubles import Trouble

KEPT, KEPT_SECONDS = 5, 7 * 24 * 3600.0
"""So many checkouts stay however old they are, and all that were used in so many seconds."""
_TAGS = "tags.json"


def checked_out(where: str, remote: Remote, found: Found, home: Path) -> tuple[Path, str]:
    """The checkout of what a ref led to, and its commit: in use until this process ends.

    It is made where there is none, and made anew where it is no longer as it was made; while somebody uses
    that, another is made beside it. Raises Misused where it cannot be had, and for a tag that leads elsewhere
    than it did before.
    """
    place = folder_of(remote, home)
    try:
        with kept.changing(place):
            if found.is_tag:
                _require_unmoved(where, remote, found, place)
            folder, commit = _one(where, remote, found, place)
            _prune(place)
    except files.CannotWrite as error:
        raise Trouble(f"{where}: {remote.url} cannot be kept: {error.reason}", remedy=error.remedy) from error
    except OSError as error:
        told = files.cannot(error.filename or place, error)
        raise Trouble(f"{where}: {remote.url} cannot be kept: {told.reason}", remedy=told.remedy) from error
    return folder, commit


def _one(where: str, remote: Remote, found: Found, place: Path) -> tuple[Path, str]:
    base, number = _name(found), 1
    while True:
        folder = place / (base if number == 1 else f"{base}.{number}")
        if folder.exists() and not making.is_clean(folder, found):
            if not kept.is_idle(folder):
                number += 1
                continue
            kept.discard(folder)
        if not folder.exists():
            there, commit = mirror.holding(where, remote, found, place)
            if commit != found.commit:  # the hash was that of a tag's own object
                return _one(where, remote, found._replace(commit=commit), place)
            making.make(where, remote, found, there, folder)
        if kept.use(folder):
            return folder, found.commit


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


def _prune(place: Path) -> None:
    """Remove what nobody uses and was not used for long."""
    old = time.time() - KEPT_SECONDS
    every = sorted(kept.checkouts(place), key=lambda each: each.stat().st_mtime, reverse=True)
    for each in every[KEPT:]:
        if each.stat().st_mtime < old and kept.is_idle(each):
            kept.discard(each)
