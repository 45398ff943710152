"""Reads the reports that pytest and coverage write. Nothing here starts a program."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.base.outcome import Failed

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# pytest ends a failure's text with the line that raised: "tests/unit/test_a.py:12: AssertionError".
_RAISED = re.compile(r"^(?P<file>\S[^:\n]*\.py):(?P<line>\d+): ", re.M)


@dataclass(frozen=True)
class BadTest:
    """A test that did not pass: its name, the first line of why, and file:line where that was raised."""

    name: str
    why: str
    place: str

    def __str__(self) -> str:
        return f"{self.name} ({self.place}): {self.why}" if self.place else f"{self.name}: {self.why}"


@dataclass(frozen=True)
class Junit:
    """What a JUnit report counts, and the tests that did not pass."""

    total: int
    skipped: int
    failed: tuple[BadTest, ...]


def junit(report: Path) -> Junit:
    """Read a JUnit XML report as pytest writes it."""
    from xml.etree import ElementTree

    try:
        suites = ElementTree.parse(report).getroot()  # noqa: S314 - written by the pytest that this stage started
    except (OSError, ElementTree.ParseError) as error:
        raise Failed(f"pytest left no readable report: {error}") from None
    cases = list(suites.iter("testcase"))
    bad = [
        (case, problem) for case in cases for problem in (*case.findall("failure"), *case.findall("error"))
    ]
    return Junit(
        total=len(cases),
        skipped=sum(case.find("skipped") is not None for case in cases),
        failed=tuple(_test(case, problem) for case, problem in bad),
    )


def _test(case: Element, problem: Element) -> BadTest:
    lines = (problem.get("message") or problem.text or "").strip().splitlines()
    # A module that cannot be imported is a case too; its reason is the end of the traceback.
    why = lines[0] if lines else "no message"
    raised = _RAISED.findall(problem.text or "")
    if why == "collection failure" and problem.text:
        why = next(
            (line.removeprefix("E").strip() for line in reversed(problem.text.splitlines()) if line.strip()),
            why,
        )
    name = ".".join(part for part in (case.get("classname", ""), case.get("name", "")) if part)
    return BadTest(name, why, ":".join(raised[-1]) if raised else "")


@dataclass(frozen=True)
class Coverage:
    """Percent of lines covered, and the files with lines missing: (file, missing), most first."""

    percent: float
    missing: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        # Never rounded up: 89.96% shown as 90% and failing a floor of 90 would look like a mistake.
        return f"{int(self.percent * 10) / 10:g}%"


def coverage(report: Path) -> Coverage:
    """Read what `coverage json` writes."""
    try:
        document = json.loads(report.read_text(encoding="utf-8"))
        files = {name: file["summary"]["missing_lines"] for name, file in document["files"].items()}
        percent = float(document["totals"]["percent_covered"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failed(f"coverage left no readable report: {error}") from None
    missing = sorted(
        ((name, lines) for name, lines in files.items() if lines), key=lambda each: (-each[1], each[0])
    )
    return Coverage(percent, tuple(missing))
