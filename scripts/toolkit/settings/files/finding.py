"""Which configuration is meant: the file that was named, else that of the repository one is in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

NAME = "pipeline.toml"
"""What the configuration in an app's own repository is called."""
VARIABLE = "CONFIG"


def find(here: Path, environ: Mapping[str, str], otherwise: Path) -> Path:
    """CONFIG of the environment (from `here`), else the nearest pipeline.toml in `here` or above it, up to
    the top of the git repository, else `otherwise`.

    Outside of any repository only the folder itself is looked into: what lies above it is not its own.
    """
    if given := environ.get(VARIABLE):
        return here / Path(given).expanduser()
    folders = _up_to_the_top(here)
    return next((folder / NAME for folder in folders if (folder / NAME).is_file()), otherwise)


def _up_to_the_top(here: Path) -> list[Path]:
    folders = []
    for folder in (here, *here.parents):
        folders.append(folder)
        if (folder / ".git").exists():  # a file in a submodule and in a linked worktree
            return folders
    return [here]
