"""Runs an app's unit tests with its own packages, and measures which of its lines they cover."""

from __future__ import annotations

import sys
from pathlib import Path

from toolkit.base import tools
from toolkit.base.outcome import Kind, Outcome, worst
from toolkit.checks import commands, reports, unit_tests, venvs
from toolkit.preparing.around import prepared
from toolkit.settings import command

TIMEOUT_SECONDS = 900.0
SHOWN = 5


def run(request: command.Request) -> Outcome:
    """Every command that apps.toml names; ["pytest"] is tests/unit with a coverage floor."""
    app = request.app
    app.require_code()
    values = commands.placeholders(app, request.root, request.evidence, lambda: _venv(request))
    outcomes = []
    for row in commands.commands(app, "unit"):
        if row == ("pytest",):
            outcomes.append(_pytest(request))
            continue
        commands.decide(commands.expand(row, values), cwd=app.path, timeout=TIMEOUT_SECONDS)
        outcomes.append(Outcome(reason=f"`{tools.quoted(row)}` passed"))
    return worst(outcomes)


def _pytest(request: command.Request) -> Outcome:
    app, files = request.app, unit_tests.Files(request.evidence)
    unit_tests.require(app)
    python = _venv(request)
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
    covered = reports.coverage(files.coverage)
    if covered.percent == 0 < app.coverage:
        raise unit_tests.unmeasured(app)
    details = {"tests": result.total, "skipped": result.skipped, "coverage": round(covered.percent, 2)}
    if covered.percent < app.coverage:
        missing = ", ".join(f"{file} ({lines} lines)" for file, lines in covered.missing[:3])
        raise_it = f"test what is missing, or change apps.{app.name}.coverage in apps.toml"
        reason = f"the unit tests cover {covered} of the lines, the floor is {app.coverage}%: missing in "
        return Outcome(Kind.FAILED, reason + missing, remedy=raise_it, details=details)
    return Outcome(
        reason=f"{result.total} unit tests passed, {covered} of the lines covered", details=details
    )


def _venv(request: command.Request) -> Path:
    return venvs.python_for(request.app, request.root, request.say)


if __name__ == "__main__":
    whole = prepared(run, with_services=True)
    sys.exit(command.main(whole, stage="unit", help=__doc__ or "", app="one", place="none"))
