"""Runs a row of `unit` that is a command, and has its reports read: of its tests, and of what they cover."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from toolkit.base import tools
from toolkit.base.outcome import Failed, Kind, Outcome
from toolkit.checks import commands, leaving
from toolkit.checks.leaving import Place, place
from toolkit.checks.reports import opening, tables
from toolkit.checks.reports.tested import Tests

if TYPE_CHECKING:
    from toolkit.checks.coverage.measured import Coverage
    from toolkit.settings.command import Request
    from toolkit.settings.model import Row

SHOWN = 5
Values = Mapping[str, Callable[[], str]]


class Answer(NamedTuple):
    """What came of a row: its command for people, what its reports say (None: none is left), why it fails."""

    shown: str
    tests: Tests | None = None
    coverage: Coverage | None = None
    failure: Outcome | None = None


def run(request: Request, number: int, row: Row, values: Values, timeout: float) -> Answer:
    """Run the row that is the number-th of `unit`, for as many seconds as timeout."""
    shown = str(tools.quoted(row.words))
    own = request.evidence / f"unit-{number}.{'tap' if row.format == 'tap' else 'xml'}"
    report = _report(request, row, own, values)
    covered = _coverage(request, row, values)
    for before in filter(None, (report, covered)):
        before.clear()
    argv = commands.expand(row.words, {**values, "report": lambda: str(own)})
    ran = commands.run(argv, cwd=request.app.path, timeout=timeout, apart=row.report == "-")
    try:
        if row.report == "-":
            own.write_text(ran.answer.reveal(), encoding="utf-8")
        tests = tables.tests(row.format, report.left(shown, ran.code), request.app.path) if report else None
        if failure := _failed(shown, ran, tests):
            return Answer(shown, tests, failure=failure)
        return Answer(shown, tests, _read(request, covered, shown) if covered else None)
    except Failed as failed:
        outcome = failed.outcome
        return Answer(shown, failure=outcome._replace(evidence=(*outcome.evidence, *ran.tail())))
    finally:
        for file in _kept(request, report, covered):
            opening.without_secrets(file)


def _failed(shown: str, ran: tools.Ran, tests: Tests | None) -> Outcome | None:
    """Why the command's own words are no pass; None where they are one."""
    tail = ran.tail()
    if tests is None:
        if ran.code == 0:
            return None
        return Failed(f"`{shown}` ended with exit code {ran.code}", evidence=tail).outcome
    details = {"tests": tests.total, "skipped": tests.skipped}
    if bad := tests.failed:
        return Outcome(
            Kind.FAILED,
            reason=f"{len(bad)} of {tests.total} unit tests failed: {tools.redact(str(bad[0]))}",
            evidence=tuple(tools.redact(str(test)) for test in bad[:SHOWN]),
            details={"tests": tests.total, "failed": len(bad)},
        )
    if not tests.ran:
        none = (
            f"all {tests.total} of its tests were skipped"
            if tests.total
            else "there is no test in its report"
        )
        reason = f"`{shown}` ended with exit code {ran.code}, and no test ran: {none}"
        return Outcome(Kind.FAILED, reason, evidence=tail, details=details)
    if ran.code != 0:
        reason = f"`{shown}` ended with exit code {ran.code}, though its report names no test that failed"
        return Outcome(Kind.FAILED, reason, evidence=tail, details=details)
    return None


def _read(request: Request, covered: Place, shown: str) -> Coverage | None:
    from toolkit.checks.coverage import tables as formats

    (first, *more) = covered.left(shown, 0)
    if more:
        raise Failed(
            f"{covered.path}: stands for {len(more) + 1} reports of coverage, and one is read",
            remedy="name one of them, or have the tool merge them",
        )
    found = formats.read(first, request.app.path)
    if found is None and request.app.coverage:
        raise Failed(
            f"{first}: counts no line, so nothing is known of what the tests cover",
            remedy="is what is measured configured right?",
        )
    return found


def _report(request: Request, row: Row, own: Path, values: Values) -> Place | None:
    if not row.format:
        return None
    return leaving.of_row(row, own, tables.TESTS[row.format], values, request)


def _coverage(request: Request, row: Row, values: Values) -> Place | None:
    if not row.coverage:
        return None
    (path,) = commands.expand([row.coverage], values)
    return place(path, "a report of coverage", request.app.path, request.evidence)


def _kept(request: Request, *places: Place | None) -> Iterator[Path]:
    """What lies in the record of it."""
    for each in places:
        if each is not None and each.path.is_relative_to(request.evidence) and not each.pattern:
            yield each.path


def floor(app: str, wanted: int, coverage: Coverage | None) -> Outcome | None:
    """Why what was measured does not reach the floor (percent of lines); None where it does."""
    if coverage is None or coverage.percent >= wanted:
        return None
    raise_it = f"test what is missing, or change apps.{app}.coverage in apps.toml"
    missing = f": missing in {files}" if (files := coverage.files()) else ""
    reason = f"the unit tests cover {coverage} of the lines, the floor is {wanted}%{missing}"
    details: dict[str, Any] = {"coverage": round(coverage.percent, 2)}
    return Outcome(Kind.FAILED, reason, remedy=raise_it, details=details)


def unmeasured(app: str, wanted: int, shown: str) -> Outcome:
    """A floor that nothing measures is not reached. shown: the commands that ran."""
    return Outcome(
        Kind.FAILED,
        reason=f"the floor is {wanted}% of the lines, and nothing measured which of them the tests cover: "
        f"{shown} left no report of coverage",
        remedy='name the report that it leaves: { command = [...], coverage = "coverage/.resultset.json" } '
        f"in `unit`, or set apps.{app}.coverage = 0 in apps.toml",
    )
