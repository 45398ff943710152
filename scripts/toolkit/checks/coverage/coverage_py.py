"""coverage.py's `coverage json` (https://coverage.readthedocs.io/en/latest/commands/cmd_json.html)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolkit.checks.coverage.measured import Coverage, sorted_missing

WHAT = "coverage.py's JSON"


def is_it(document: Any) -> bool:
    """Whether it looks like one."""
    return isinstance(document, dict) and "totals" in document and "files" in document


def read(document: Any, _folder: Path) -> Coverage | None:
    """What it says; its percentage, which counts branches where those were measured."""
    missing = {name: int(file["summary"]["missing_lines"]) for name, file in document["files"].items()}
    totals = document["totals"]
    if not document["files"] or totals.get("num_statements", 1) == 0:
        return None
    percent = float(totals["percent_covered"])
    if not 0 <= percent <= 100:
        raise ValueError(f"its percent_covered is {percent}")
    return Coverage(percent, sorted_missing(missing))
