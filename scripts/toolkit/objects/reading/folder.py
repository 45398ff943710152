"""Which files of a folder are manifests; what is left out: quietly what never is one, by name all else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from toolkit.base.outcome import Misused
from toolkit.objects.reading import templates

COUNTS = "*.yaml, *.yml and *.json, each also with .j2, directly in the folder"
# The fixtures of clusters that we provision: read by their own stage.
PROVISION = "provision"

_MANIFEST = re.compile(r".+\.(?:ya?ml|json)(?:\.j2|\.jinja2?)?")
# Parts of templates, hidden files, backups and leftovers of editors, and what people read.
_QUIET = re.compile(
    r"[_.#].*|.*~|.*\.(?:bak|orig|rej|swp|swo|tmp|md|rst|txt|adoc)|(?:README|LICENSE|OWNERS|CODEOWNERS|Makefile)",
    re.IGNORECASE,
)


class Sorted(NamedTuple):
    """The files of a folder: those that are read, in order, and the names of those that nobody would expect
    to be left out."""

    manifests: tuple[Path, ...]
    ignored: tuple[str, ...]


def look(folder: Path) -> Sorted:
    """What is in a folder of manifests. Raises Misused when there is no such folder."""
    if not folder.is_dir():
        raise Misused(f"{folder}: no such folder of manifest templates")
    found = sorted(each for each in folder.iterdir() if not _QUIET.fullmatch(each.name))
    files = [each for each in found if not each.is_dir()]
    manifests = [each for each in files if _MANIFEST.fullmatch(each.name)]
    everything = [each for each in folder.rglob("*") if each.is_file() and not _is_backup(each)]
    parts = templates.referenced(folder, everything)
    ignored = [each.name for each in files if each not in manifests and each not in parts]
    for each in found:
        if each.is_dir() and each.name != PROVISION and _holds_manifests(each, parts):
            ignored.append(f"{each.name}/")
    return Sorted(tuple(each for each in manifests if each not in parts), tuple(sorted(ignored)))


def sentence(folder: Path, found: Sorted) -> str:
    """What is left out of a folder, and what counts; "" when nothing is."""
    if not found.ignored:
        return ""
    return f"{'/'.join(folder.parts[-2:])}: not read: {', '.join(found.ignored)} (manifests are {COUNTS})"


def _holds_manifests(folder: Path, parts: frozenset[Path]) -> bool:
    inside = (each for each in folder.rglob("*") if each.is_file() and not _QUIET.fullmatch(each.name))
    return any(_MANIFEST.fullmatch(each.name) and each not in parts for each in inside)


def _is_backup(file: Path) -> bool:
    return bool(re.fullmatch(r"[.#].*|.*~", file.name))
