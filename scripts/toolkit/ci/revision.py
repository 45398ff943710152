"""Which toolkit this is: the commit of its own repository, or the version of the installed package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from toolkit.ci import git as door
from toolkit.ci.checkout import line

PACKAGE = "form-builder-pipeline"


@cache
def of(folder: Path, top: str) -> str:
    """The 12 digits of the commit (and -dirty) or the version of the toolkit in `folder`.

    "" where it belongs to the repository at `top`, whose commit says it already, and where nobody knows.
    """
    git = door.at(folder)
    placed = git(("rev-parse", "--show-toplevel", "HEAD:./scripts/toolkit")).answer.lines()
    if placed:
        described = ("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
        return "" if placed[0].strip() == top else line(git, *described)
    from importlib import metadata  # only an installed package pays for it

    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        return ""
