"""What a tool is to the stages: how it is asked for its own report, and how that is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from toolkit.checks.reports.findings import Finding


class Asked(NamedTuple):
    """What a tool is asked about: the app's folder, where its report must lie, and the app's Dockerfiles."""

    folder: Path
    report: Path
    dockerfiles: tuple[str, ...] = ()


class Adapter(NamedTuple):
    """A tool.

    command: what runs it in the app's folder, for a row that names the tool alone; None for what
    security/scans.py runs. read: the document of its
    report to findings; what it raises (KeyError and the like) says that the document is of another form.
    codes: exit codes with which it came to its end, whether it found something or not. decides: an exit code
    of 0 is its own word that what it found is no failure. prints: its report is what it prints. hides: its
    report may hold secrets, so it is neither shown nor kept.
    """

    name: str
    command: Callable[[Asked], list[str]] | None
    read: Callable[[Any, Path], list[Finding]]
    codes: tuple[int, ...] = (0, 1)
    decides: bool = False
    prints: bool = False
    hides: bool = False


def line_of(file: Path, start: str) -> int:
    """The number of the first line that begins so, spaces before it included; 0 where none does."""
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            return next((number for number, line in enumerate(lines, start=1) if line.startswith(start)), 0)
    except OSError:
        return 0
