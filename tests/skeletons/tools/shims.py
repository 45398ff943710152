"""The tools as programs in a folder, for PATH."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

PROGRAMS = {"bundle": "bundle.py", "npm": "npm.py", "npx": "npm.py"}


def put(folder: Path) -> Path:
    """Write them; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in PROGRAMS.items():
        argv = shlex.join([sys.executable, str(Path(__file__).with_name(module)), name])
        file = folder / name
        file.write_text(f'#!/bin/sh\nexec {argv} "$@"\n', encoding="utf-8")
        file.chmod(0o755)
    return folder
