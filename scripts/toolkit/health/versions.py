"""Whether the version that an app says of itself is the one that was deployed. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

# Keys of a JSON answer whose values are versions, in any spelling: gitCommit, GIT_SHA, build_number.
_KEYS = re.compile(r"version|commit|sha|build|revision", re.I)
# As short as git itself shortens a hash.
SHORTEST_HASH = 7
DIRTY = "-dirty"
_HASH = re.compile(rf"[0-9a-f]{{{SHORTEST_HASH},64}}")
_WORD = re.compile(r"[\w.+-]+")
LONGEST_TEXT = 200


def agrees(said: str, version: str, commit: str) -> bool:
    """Whether an answer (plain text, or JSON with such keys as version, commit, sha, build) names it.

    It does by the version itself, or by at least seven digits of the commit. One of several values is enough:
    many apps tell a number and a commit.
    """
    return any(_is_it(word.lower(), version.lower(), commit.lower()) for word in words(said))


def words(said: str) -> list[str]:
    """What of an answer may be a version; [] when there is nothing of the kind."""
    try:
        found = json.loads(said)
    except ValueError:
        return _WORD.findall(said) if 0 < len(said.strip()) <= LONGEST_TEXT else []
    if isinstance(found, dict):
        return [word for value in _values(found) for word in _WORD.findall(str(value))]
    return _WORD.findall(str(found)) if isinstance(found, str | int | float) else []


def _values(found: dict[str, Any], depth: int = 2) -> Iterator[Any]:
    for key, value in found.items():
        if isinstance(value, dict) and depth:
            yield from _values(value, depth - 1)
        elif _KEYS.search(key) and isinstance(value, str | int | float):
            yield value


def _is_it(word: str, version: str, commit: str) -> bool:
    if word == version:
        return True
    if word.endswith(DIRTY) and not version.endswith(DIRTY):
        return False  # other files than the commit's
    # What was deployed dirty may only know its commit: an app is told that, and git's word for it is ours.
    bare = word.removesuffix(DIRTY).removeprefix("v").rpartition("-g")[2]  # git describe: v1.2-3-g1a2b3c4
    return (
        bool(_HASH.fullmatch(bare)) and bool(commit) and (commit.startswith(bare) or bare.startswith(commit))
    )
