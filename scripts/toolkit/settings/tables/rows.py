"""A row of `lint`, `security` or `unit`: a command, and what it leaves that is to be read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from toolkit.settings.tables.fields import Fields, nearest

LINTERS = ("ruff", "rubocop", "eslint", "hadolint")
SCANNERS = ("bandit", "safety", "brakeman", "bundler-audit", "npm-audit", "trivy", "gitleaks")
TOOLS = (*LINTERS, *SCANNERS)
"""The tools whose own reports are read; checks/stages has the module of each."""
FORMATS = {"lint": ("sarif", *TOOLS), "security": ("sarif", *TOOLS), "unit": ("junit", "tap")}
"""What the report of a row may be, by stage."""
REPORT = "{report}"
PRINTED = "-"
"""In place of the path of a report: it is what the command prints."""


class Row(NamedTuple):
    """A command: its words, the format of the report that it leaves, and where.

    format is "" where nothing is read. report is a path below the app's folder, with * for several files, or
    PRINTED; "" where the words say REPORT, for which a path of this run is put in. coverage is a path below
    the app's folder, or one with a placeholder, of a report of coverage.
    """

    words: tuple[str, ...]
    format: str = ""
    report: str = ""
    coverage: str = ""

    def rooted(self, folder: Path) -> Row:
        """The row with {root} filled in."""
        words = tuple(word.replace("{root}", str(folder)) for word in self.words)
        paths = (text.replace("{root}", str(folder)) for text in (self.report, self.coverage))
        return Row(words, self.format, *paths)


def rows(fields: Fields, stage: str) -> tuple[Row, ...] | None:
    """The rows of a stage; None when the table says nothing of it."""
    given = fields.optional(stage, list)
    return (
        None
        if given is None
        else tuple(_row(fields, stage, number, each) for number, each in enumerate(given))
    )


def _row(fields: Fields, stage: str, number: int, given: object) -> Row:
    key = f"{stage}[{number}]"
    if not isinstance(given, dict):
        if not isinstance(given, list) or not given or not all(isinstance(word, str) for word in given):
            problem = 'must be a list of words, ["ruff", "check"], or { command = [...], format = "..." }'
            raise fields.error(key, problem)
        return Row(tuple(given))
    inner = Fields(fields.origin, fields.path(key), given)
    words = inner.texts("command")
    if not words:
        raise inner.error("command", 'must be a list of words, ["ruff", "check"]')
    row = Row(
        words,
        _format(inner, stage),
        inner.take("report", str, ""),
        inner.take("coverage", str, ""),
    )
    inner.done()
    _check(inner, stage, row)
    return row


def _format(fields: Fields, stage: str) -> str:
    """The name of a format, "" where none is said."""
    value = fields.take("format", str, "")
    if value and value not in FORMATS[stage]:
        near = nearest(value, FORMATS[stage])
        raise fields.error("format", f'"{value}" is not one of {", ".join(FORMATS[stage])}{near}')
    return value


def _check(fields: Fields, stage: str, row: Row) -> None:
    says_where = any(REPORT in word for word in row.words)
    if row.format and not row.report and not says_where:
        raise fields.error(
            "format",
            f'nothing says where the report is: write {REPORT} into the command, or report = "path", '
            f'or report = "{PRINTED}" for what it prints',
        )
    if not row.format and (row.report or says_where):
        raise fields.error("format", f"is missing: one of {', '.join(FORMATS[stage])}")
    if row.report and says_where:
        raise fields.error("report", f"is said twice: {REPORT} in the command is a path of its own")
    if row.coverage and stage != "unit":
        raise fields.error("coverage", f"is measured by unit tests, not by {stage}")
