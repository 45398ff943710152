"""lcov's tracefile, as `node --test` and Jest write it (https://manpages.debian.org/stable/lcov/geninfo.1.en.html)."""

from __future__ import annotations

from pathlib import Path

from toolkit.checks.coverage.measured import Coverage, of_files
from toolkit.checks.reports.findings import relative

WHAT = "an lcov tracefile"


def is_it(text: str) -> bool:
    """Whether it looks like one."""
    return text.lstrip().startswith(("TN:", "SF:"))


def read(text: str, folder: Path) -> Coverage | None:
    """What it says: DA:<line>,<times> below SF:<file>."""
    hits: dict[str, dict[str, int]] = {}
    file = ""
    for line in text.splitlines():
        key, _, value = line.strip().partition(":")
        if key == "SF":
            file = relative(value, folder)
        elif key == "DA":
            number, times = value.split(",")[:2]
            lines = hits.setdefault(file, {})
            lines[number] = max(lines.get(number, 0), int(times))
    return of_files({name: (len(lines), sum(n > 0 for n in lines.values())) for name, lines in hits.items()})
