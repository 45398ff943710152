"""ruff: which of the lint commands are ruff's, and what its reports say. Nothing here starts a program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.base.outcome import Failed
from toolkit.base.redaction import Raw
from toolkit.checks.adapter import Adapter, Asked

if TYPE_CHECKING:  # a clean app never needs it, and the cost of starting is what `make bench` counts
    from toolkit.checks.reports.findings import Finding


def subcommand(argv: Sequence[str]) -> str:
    """`check` or `format --check` when the command is ruff's and has no report of its own; else ""."""
    words = list(argv[2:] if argv[1:2] == ["-m"] else argv)
    if not words or Path(words[0]).name != "ruff" or any(word.startswith("--output-") for word in words):
        return ""
    if "format" in words[1:]:
        return "format --check" if "--check" in words else ""
    return "check" if "check" in words[1:] else ""


def reporting(argv: Sequence[str], report: Path) -> list[str]:
    """The command with findings that can be read. Only `check` writes a file; `format` has the screen."""
    if subcommand(argv) == "check":
        return [*argv, "--output-format=json", f"--output-file={report}"]
    return [*argv, "--output-format=concise"]


def checked(report: Path, folder: Path) -> list[Finding]:
    """The findings of a JSON report of `ruff check`; files below folder are named relative to it."""
    try:
        return read(json.loads(report.read_text(encoding="utf-8")), folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failed(f"ruff left no readable report: {error}") from None


def read(document: Any, folder: Path) -> list[Finding]:
    """The findings of such a report."""
    if not document and isinstance(document, list):
        return []
    from toolkit.checks.reports.findings import Finding, relative

    return [
        Finding(
            tool="ruff",
            id=str(row["code"] or "syntax"),
            message=row["message"],
            file=relative(row["filename"], folder),
            line=row["location"]["row"],
            link=row.get("url") or "",
        )
        for row in document
    ]


def formatted(output: Raw) -> list[Finding]:
    """The files that `ruff format --check --output-format=concise` says it would write differently.

    A line is `<file>:<line>:<column>: unformatted: File would be reformatted`.
    """
    lines = [line for line in output.lines() if ": unformatted: " in line]
    if not lines:
        return []
    from toolkit.checks.reports.findings import Finding

    rows = [line.partition(": unformatted: ")[0].rsplit(":", 2) for line in lines]
    return [
        Finding("ruff", "format", "is not formatted", row[0], int(row[1])) for row in rows if len(row) == 3
    ]


def command(asked: Asked) -> list[str]:
    """`ruff check` over the app."""
    return reporting(["ruff", "check", str(asked.folder)], asked.report)


# 0 nothing found, 1 something, 2 it could not do it: https://docs.astral.sh/ruff/linter/#exit-codes
ADAPTER = Adapter("ruff", command, read)
