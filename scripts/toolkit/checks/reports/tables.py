"""The formats that a report of tests may have: a name in apps.toml, and who reads it."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from toolkit.checks.reports.tested import Tests, together

TESTS = {"junit": "JUnit XML", "tap": "TAP"}
"""Name to what it is called among people. The module of each has its name."""


def tests(format: str, reports: Iterable[Path], folder: Path | None = None) -> Tests:
    """What the reports of one run say, in a format of TESTS; places below folder are relative to it.

    Raises NotReadable for the first that cannot be read.
    """
    read = import_module(f"toolkit.checks.reports.{format}").read
    every = together(read(report) for report in reports)
    return every.within(folder) if folder else every
