"""What came of a suite: its report, and how each test ended each time."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

from toolkit.base import tools
from toolkit.base.outcome import INCONCLUSIVE, Kind, Outcome
from toolkit.checks.reports import tables
from toolkit.checks.reports.opening import NotReadable, without_secrets
from toolkit.checks.reports.tested import Case, Tests
from toolkit.suites.memory import Results

NO_TESTS = 5  # pytest's exit code when it collected nothing
SLOWEST, SLOW = 10, 0.1  # how many tests are shown, and from how many seconds on
NAMED = 5
_NOT_STARTED = {126: "cannot be run", 127: "there is no such program"}
"""What a shell's exit code says of a command that it could not start."""


def read(report: Path, format: str = "junit", folder: Path | None = None) -> Tests | NotReadable:
    """What a report says, or why it says nothing; on the disk it is without secrets from then on. Places
    below folder are relative to it."""
    try:
        return tables.tests(format, [report], folder)
    except NotReadable as error:
        return error
    finally:
        without_secrets(report)


def name_of(case: Case) -> str:
    """A test's name, as a suite calls it."""
    return f"{case.group}::{case.name}".strip(":")


def results(found: Tests) -> dict[str, list[tuple[float, str]]]:
    """How each test of a report ended each time: one that was tried again is in it more than once."""
    known: dict[str, list[tuple[float, str]]] = {}
    for case in found.cases:
        known.setdefault(name_of(case), []).append((case.seconds, case.outcome))
    return known


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
        test: (
            sum(outcome == "failed" for _, outcome in runs),
            sum(outcome != "skipped" for _, outcome in runs),
        )
        for test, runs in results.items()
    }
    return [
        f"{test} failed {failed} of {runs}"
        for test, (failed, runs) in sorted(counted.items())
        if 0 < failed < runs
    ]


def judge(kind: str, ran: tools.Ran, found: Tests | NotReadable, unsteady: Sequence[str] = ()) -> Outcome:
    """The outcome of a suite: no tests, or none that ran, is a failure. unsteady: what `flaky` found.

    One that was killed, or never began, found nothing against the app: nor did one that says that all went
    well and left no report.
    """
    tail = ran.tail(15)
    tests = None if isinstance(found, NotReadable) else found
    has_failures = tests is not None and bool(tests.failed)
    if killed := _killed(ran.code, has_failures):  # whatever it found until then is not whole
        reason = f"the {kind} suite was killed by {killed}"
        return Outcome(Kind.FAILED, reason, evidence=tail, details={INCONCLUSIVE: True})
    if isinstance(found, NotReadable):
        return _unread(kind, ran, found)
    details = {"tests": found.total, "failures": len(found.failed), "seconds": round(ran.seconds, 2)}
    if found.failed:
        reason = _failed(kind, found, unsteady)
    elif not found.ran:
        skipped = f": all {found.total} were skipped" if found.total else ""
        reason = f"the {kind} suite ran no test at all{skipped}"
    elif ran.code != 0:
        reason = f"the {kind} suite ended with code {ran.code}, though none of its {found.ran} tests failed"
    else:
        skipped = f", {found.skipped} were skipped" if found.skipped else ""
        return Outcome(reason=f"{found.ran} {kind} tests passed{skipped}", details=details)
    return Outcome(Kind.FAILED, reason, evidence=tail, details=details)


def _failed(kind: str, found: Tests, unsteady: Sequence[str]) -> str:
    listed = f"flaky: {'; '.join(unsteady)}; " if unsteady else ""
    listed += "; ".join(_line(case) for case in found.failed[:NAMED])
    more = f"; and {len(found.failed) - NAMED} more" if len(found.failed) > NAMED else ""
    if not found.total:
        return f"the {kind} suite failed: {listed}{more}"
    failed = len([case for case in found.cases if case in found.failed])
    count = f"{failed} of {found.total} {kind} tests failed" if failed else f"the {kind} suite failed"
    return f"{count}: {listed}{more}"


def _line(case: Case) -> str:
    place = f" ({case.place})" if case.place else ""
    return f"{name_of(case)}: {case.why}{place}"


def _unread(kind: str, ran: tools.Ran, why: NotReadable) -> Outcome:
    tail = ran.tail(15)
    if ran.code in _NOT_STARTED:
        last = f": {tail[-1]}" if tail else ""
        reason = f"the {kind} suite did not start, exit code {ran.code} ({_NOT_STARTED[ran.code]}){last}"
    else:
        reason = (
            f"the {kind} suite ended with code {ran.code} and left no report that can be read: {why.reason}"
        )
    is_silent = ran.code == 0 or ran.code in _NOT_STARTED
    return Outcome(
        Kind.FAILED,
        reason,
        why.remedy or "it must leave its report at {report} of its command",
        evidence=tail,
        details={INCONCLUSIVE: True} if is_silent else {},
    )


def _killed(code: int, has_failures: bool) -> str:
    """By which signal: of the program itself, or of one of which a shell hands the end on. A runner may end
    with as many as tests failed."""
    if code < 0:
        return f"signal {-code}"
    number = code - 128
    if not has_failures and number in {each.value for each in signal.Signals}:
        return f"signal {number} (exit code {code})"
    return ""
