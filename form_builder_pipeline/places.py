"""Where the programs lie, and which configuration is meant: in this repository, and where it is installed."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE if (PACKAGE / "scripts").is_dir() else PACKAGE.parent
SCRIPTS = ROOT / "scripts"
NAMES = ("pipeline.toml", "apps.toml")


def configuration(here: Path) -> Path | None:
    """The configuration that is meant in a folder, one of NAMES; None where there is none."""
    finding = runpy.run_path(str(SCRIPTS / "toolkit" / "settings" / "files" / "finding.py"))
    found: Path | None = finding["find"](here, os.environ, None, NAMES)
    return found
