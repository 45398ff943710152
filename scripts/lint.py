"""Checks the style of an app's code and tests with every linter that apps.toml names for it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.base import tools
from toolkit.base.outcome import Kind, Outcome
from toolkit.checks import commands, ruff
from toolkit.preparing.around import prepared
from toolkit.settings import command

if TYPE_CHECKING:
    from toolkit.checks.findings import Finding

TIMEOUT_SECONDS = 300.0
SHOWN = 50


def run(request: command.Request) -> Outcome:
    """Every lint command of the app, the later ones too when an early one finds something."""
    app = request.app
    app.require_code()
    values = commands.placeholders(app, request.root, request.evidence, lambda: _venv(request))
    rows = [commands.expand(row, values) for row in commands.commands(app, "lint")]
    findings: list[Finding] = []
    broken: list[tools.Ran] = []
    for number, argv in enumerate(rows, start=1):
        report = request.evidence / f"lint-{number}.json"
        ours = ruff.subcommand(argv)
        command_line = ruff.reporting(argv, report) if ours else argv
        ran = commands.run(command_line, cwd=app.path, timeout=TIMEOUT_SECONDS)
        # 0 nothing found, 1 something, 2 ruff could not do it: https://docs.astral.sh/ruff/linter/#exit-codes
        if ours and ran.code in (0, 1):
            findings += ruff.checked(report, app.path) if ours == "check" else ruff.formatted(ran.answer)
        elif ran.code != 0:
            broken.append(ran)
    return _outcome(findings, broken, len(rows))


def _outcome(findings: Sequence[Finding], broken: Sequence[tools.Ran], count: int) -> Outcome:
    if not findings and not broken:
        return Outcome(reason=f"{count} linters found nothing", details={"findings": 0})
    from toolkit.checks.findings import named  # only a failure pays for it

    reasons = [f"{len(findings)} findings: {named(findings)}"] if findings else []
    reasons += [f"`{tools.quoted(ran.argv)}` ended with exit code {ran.code}" for ran in broken]
    shown = [str(finding) for finding in findings[:SHOWN]]
    return Outcome(
        Kind.FAILED,
        reason="; ".join(reasons),
        remedy="`ruff check --fix` and `ruff format` mend most of these" if findings else "",
        evidence=(*shown, *(line for ran in broken for line in ran.tail())),
        details={"findings": len(findings)},
    )


def _venv(request: command.Request) -> Path:
    from toolkit.checks import venvs  # only a linter that wants {app_python} pays for it

    return venvs.python_for(request.app, request.root, request.say)


if __name__ == "__main__":
    sys.exit(command.main(prepared(run), stage="lint", help=__doc__ or "", app="one", place="none"))
