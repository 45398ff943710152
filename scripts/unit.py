"""Runs an app's unit tests with its own packages, and measures which of its lines they cover."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from toolkit.base import tools
from toolkit.base.outcome import Kind, Outcome, worst
from toolkit.checks import commands, unit_tests, venvs
from toolkit.checks.coverage import tables as coverage
from toolkit.checks.programs import shown
from toolkit.checks.reports.tested import together
from toolkit.checks.stages import needs, said, tests
from toolkit.preparing.around import prepared
from toolkit.settings import command

TIMEOUT_SECONDS = 900.0
SHOWN = 5


def run(request: command.Request) -> Outcome:
    """Every command that apps.toml names; ["pytest"] is tests/unit with a coverage floor."""
    app = request.app
    app.require_code()
    every = commands.commands(app, "unit")
    needs.require(app, "unit")
    values = commands.placeholders(request)
    outcomes, answers = [], []
    for number, row in enumerate(every, start=1):
        if row.words == ("pytest",):
            outcomes.append(_pytest(request))
            continue
        answers.append(tests.run(request, number, row, values, TIMEOUT_SECONDS))
        if failure := answers[-1].failure:
            return failure  # what comes after it may need what it did not do
    return worst([*outcomes, *_judged(request, answers, measured=bool(outcomes))])


def _judged(
    request: command.Request, answers: Sequence[tests.Answer], *, measured: bool
) -> Iterator[Outcome]:
    """What commands came to that all ended well. measured: the floor is somebody else's already."""
    app = request.app
    covered = [answer.coverage for answer in answers if answer.coverage is not None]
    if app.coverage and not covered and not measured:
        yield tests.unmeasured(app.name, app.coverage, shown([f"`{answer.shown}`" for answer in answers]))
        return
    yield from filter(None, (tests.floor(app.name, app.coverage, each) for each in covered))
    told = together(answer.tests for answer in answers if answer.tests is not None)
    details: dict[str, object] = {"tests": told.total, "skipped": told.skipped} if told.total else {}
    if covered:
        details["coverage"] = round(min(each.percent for each in covered), 2)
    sentences = [f"{told.total} unit tests passed"] if told.total else []
    if covered:
        percent = " and ".join(str(each) for each in covered)
        sentences[-1:] = [f"{''.join(f'{each}, ' for each in sentences)}{percent} of the lines covered"]
    plain = [answer.shown for answer in answers if answer.tests is None]
    sentences.append(said.unreported(plain, "tests", alone=not told.total and not measured))
    yield Outcome(reason="; ".join(filter(None, sentences)), details=details)


def _pytest(request: command.Request) -> Outcome:
    app, files = request.app, unit_tests.Files(request.evidence)
    unit_tests.require(app)
    python = venvs.python_for(app, request.root, request.say)
    env = unit_tests.environment(app, files)
    ran = commands.run(unit_tests.pytest(python, app, files), cwd=app.path, timeout=TIMEOUT_SECONDS, env=env)
    result = unit_tests.result(ran, files)
    if result.failed:
        return Outcome(
            Kind.FAILED,
            reason=f"{len(result.failed)} of {result.total} unit tests failed: {result.failed[0]}",
            remedy=f"cd {tools.quoted([str(app.path)])} && {tools.quoted([str(python), *unit_tests.AGAIN])}",
            evidence=tuple(str(test) for test in result.failed[:SHOWN]),
            details={"tests": result.total, "failed": len(result.failed)},
        )
    for measured in (unit_tests.combine(python, files), unit_tests.coverage_json(python, files)):
        if commands.run(measured, cwd=app.path, timeout=60, echo=False).code != 0:
            raise unit_tests.unmeasured(app)
    commands.decide(unit_tests.coverage_report(python, files), cwd=app.path, timeout=60)
    covered = coverage.read(files.coverage, app.path)
    if covered is None or covered.percent == 0 < app.coverage:
        raise unit_tests.unmeasured(app)
    details = {"tests": result.total, "skipped": result.skipped, "coverage": round(covered.percent, 2)}
    if short := tests.floor(app.name, app.coverage, covered):
        return short._replace(details=details)
    return Outcome(
        reason=f"{result.total} unit tests passed, {covered} of the lines covered", details=details
    )


if __name__ == "__main__":
    whole = prepared(run, with_services=True)
    sys.exit(command.main(whole, stage="unit", help=__doc__ or "", app="one", place="none"))
