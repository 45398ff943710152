"""One run of a suite as a program: what is started, where, and where its report must lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple


class Job(NamedTuple):
    """argv is started in cwd; env is added to the suite's own, in which words stand for what is in braces.

    report is where the report must lie, in this format; prints: it is what the program prints.
    """

    argv: tuple[str, ...]
    cwd: Path
    report: Path
    format: str = "junit"
    env: Mapping[str, str] = MappingProxyType({})
    words: Mapping[str, str] = MappingProxyType({})
    prints: bool = False


def report_of(folder: Path, format: str) -> Path:
    """Where the report of a run lies, beside the folder for what its tests leave; nothing is there yet."""
    report = folder.with_suffix(".xml" if format == "junit" else f".{format}")
    report.unlink(missing_ok=True)
    return report
