"""SimpleCov: .resultset.json, which it always leaves, and coverage.json of its JSON formatter.

https://github.com/simplecov-ruby/simplecov: a line is a number of times, null where it does not count, or
"ignored".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from toolkit.checks.coverage.measured import Coverage, of_files
from toolkit.checks.reports.findings import relative

WHAT = "SimpleCov's JSON"


def is_it(document: Any) -> bool:
    """Whether it looks like one: coverage.json has "coverage" itself, .resultset.json one for each
    command."""
    if not isinstance(document, dict) or "files" in document:
        return False
    if isinstance(document.get("coverage"), dict):
        return True
    return bool(document) and all(isinstance(each, dict) and "coverage" in each for each in document.values())


def read(document: Any, folder: Path) -> Coverage | None:
    """What it says. Several commands (rspec, cucumber) count together, line by line, as SimpleCov does."""
    own = document.get("coverage")
    sets = [own] if isinstance(own, dict) else [each["coverage"] for each in document.values()]
    lines: dict[str, list[int | None]] = {}
    for files in sets:
        for file, told in files.items():
            counted = list(_lines(told["lines"] if isinstance(told, dict) else told))
            lines[file] = list(_merged(lines[file], counted)) if file in lines else counted
    return of_files({relative(file, folder): _count(each) for file, each in lines.items()})


def _lines(told: Iterable[Any]) -> Iterator[int | None]:
    for each in told:
        yield None if each is None or each == "ignored" else int(each)


def _merged(one: list[int | None], other: list[int | None]) -> Iterator[int | None]:
    for a, b in zip(one, other, strict=False):
        yield None if a is None and b is None else (a or 0) + (b or 0)


def _count(lines: Iterable[int | None]) -> tuple[int, int]:
    counted = [each for each in lines if each is not None]
    return len(counted), sum(each > 0 for each in counted)
