"""Where the programs lie, and which configuration is meant: in this repository, and where it is installed."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE if (PACKAGE / "scripts").is_dir() else PACKAGE.parent
SCRIPTS = ROOT / "scripts"
NAMES = ("pipeline.toml", "apps.toml")


def configuration(here: Path) -> Path | None:
    """The nearest file of NAMES in a folder or above it, up to the top of its git repository.

    CONFIG names another one. Where there is no git, only the folder itself is looked into.
    """
    if given := os.environ.get("CONFIG"):
        return Path(given)
    top = _top(here)
    for folder in (here, *here.parents):
        for name in NAMES:
            if (folder / name).is_file():
                return folder / name
        if top is None or folder == top:
            return None
    return None


def _top(here: Path) -> Path | None:
    for folder in (here, *here.parents):
        if (folder / ".git").exists():  # a file in a submodule and in a linked worktree
            return folder
    return None
