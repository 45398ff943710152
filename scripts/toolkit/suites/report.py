"""What came of a suite: its JUnit file, and how each test ended each time."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.base import tools
from toolkit.base.outcome import INCONCLUSIVE, Kind, Outcome
from toolkit.suites.memory import Results

NO_TESTS = 5  # pytest's exit code when it collected nothing
SLOWEST, SLOW = 10, 0.1  # how many tests are shown, and from how many seconds on


@dataclass(frozen=True)
class Result:
    """What a JUnit file says. failures: (test, first line of its message)."""

    tests: int
    skipped: int
    failures: tuple[tuple[str, str], ...]


def read(report: Path) -> Result | None:
    """A JUnit file; None when there is none, or none that can be read."""
    try:
        root = ElementTree.parse(report).getroot()  # noqa: S314 - written by the pytest that we started
    except (OSError, ElementTree.ParseError):
        return None
    cases = list(root.iter("testcase"))
    failures = []
    for case in cases:
        for problem in (*case.findall("failure"), *case.findall("error")):
            message = _message(problem)
            named = f"{case.get('classname', '')}::{case.get('name', '')}".strip(":")
            failures.append((named, message))
            break
    return Result(len(cases), sum(1 for case in cases if case.find("skipped") is not None), tuple(failures))


def _message(problem: ElementTree.Element) -> str:
    """The first line of what went wrong; where pytest only says that something did, the line that tells."""
    message = (problem.get("message") or "").strip()
    said = [line[1:].strip() for line in (problem.text or "").splitlines() if line.startswith("E ")]
    if said and message.startswith(("collection failure", "failed on ")):
        return said[-1]
    return next(iter(message.splitlines() or said), "no message")


def slowest(results: Results) -> list[tuple[float, str]]:
    """(seconds, test) of those that took longest, each at its slowest."""
    found = [(max(seconds for seconds, _ in runs), test) for test, runs in results.items() if runs]
    return sorted((row for row in found if row[0] >= SLOW), key=lambda row: (-row[0], row[1]))[:SLOWEST]


def table(rows: Sequence[tuple[float, str]]) -> list[str]:
    """The slowest tests in lines for people."""
    return [f"{seconds:6.1f} s  {test}" for seconds, test in rows]


def flaky(results: Results) -> list[str]:
    """The tests that both passed and failed, with how often."""
    counted = {
        test: (sum(outcome == "failed" for _, outcome in runs), len(runs)) for test, runs in results.items()
    }
    return [
        f"{test} failed {failed} of {runs}"
        for test, (failed, runs) in sorted(counted.items())
        if 0 < failed < runs
    ]


def judge(kind: str, ran: tools.Ran, result: Result | None, unsteady: Sequence[str] = ()) -> Outcome:
    """The outcome of a suite: no tests, or none that ran, is a failure. unsteady: what `flaky` found."""
    tail = ran.tail(15)
    if ran.code < 0:  # the machine's memory, or somebody's hand: whatever it found until then is not whole
        reason = f"the {kind} suite was killed by signal {-ran.code}"
        return Outcome(Kind.FAILED, reason, evidence=tail, details={INCONCLUSIVE: True})
    if result is None:
        reason = f"the {kind} suite ended with code {ran.code} and left no report"
        return Outcome(Kind.FAILED, reason, evidence=tail)
    details = {"tests": result.tests, "failures": len(result.failures), "seconds": round(ran.seconds, 2)}
    if result.failures:
        listed = f"flaky: {'; '.join(unsteady)}; " if unsteady else ""
        listed += "; ".join(f"{test}: {message}" for test, message in result.failures[:5])
        more = f"; and {len(result.failures) - 5} more" if len(result.failures) > 5 else ""
        reason = f"{len(result.failures)} of {result.tests} {kind} tests failed: {listed}{more}"
        return Outcome(Kind.FAILED, reason, evidence=tail, details=details)
    if ran.code == NO_TESTS or result.tests == result.skipped:
        return Outcome(Kind.FAILED, f"the {kind} suite ran no test at all", evidence=tail, details=details)
    if ran.code != 0:
        reason = f"the {kind} suite ended with code {ran.code}"
        return Outcome(Kind.FAILED, reason, evidence=tail, details=details)
    return Outcome(reason=f"{result.tests} {kind} tests passed", details=details)
