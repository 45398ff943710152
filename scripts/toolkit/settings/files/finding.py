"""Which configuration is meant: the file that was named, else that of the repository one is in.

The command `pipeline` runs this file by itself, before any of the toolkit is imported: it stands on the
standard library alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

NAME = "pipeline.toml"
"""What the configuration in an app's own repository is called."""
VARIABLE = "CONFIG"

Otherwise = TypeVar("Otherwise", Path, None)


def find(
    here: Path, environ: Mapping[str, str], otherwise: Otherwise, names: Sequence[str] = (NAME,)
) -> Path | Otherwise:
    """CONFIG of the environment (from `here`), else the nearest file of that name in `here` or above it, up
    to the top of the git repository, else `otherwise`.

    Outside of any repository only the folder itself is looked into: what lies above it is not its own.
    """
    if given := environ.get(VARIABLE):
        return here / Path(given).expanduser()
    files = (folder / name for folder in _up_to_the_top(here) for name in names)
    return next((file for file in files if file.is_file()), otherwise)


def _up_to_the_top(here: Path) -> list[Path]:
    folders = []
    for folder in (here, *here.parents):
        folders.append(folder)
        if (folder / ".git").exists():  # a file in a submodule and in a linked worktree
            return folders
    return [here]
