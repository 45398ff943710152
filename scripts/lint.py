"""Checks the style of an app's code and tests with every linter that apps.toml names for it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from toolkit import checks, command, reports, tools
from toolkit.findings import Finding, named
from toolkit.outcome import Kind, Outcome

TIMEOUT_SECONDS = 300.0
SHOWN = 50


def run(request: command.Request) -> Outcome:
    """Every lint command of the app; failed when any of them found something."""
    app, evidence = request.app, request.evidence
    app.require_code()
    values = checks.placeholders(app, request.root, evidence, lambda: _venv(request))
    rows = [checks.expand(row, values) for row in checks.commands(app, "lint")]
    findings: list[Finding] = []
    broken: list[tools.Ran] = []
    for argv in rows:
        subcommand = checks.ruff_subcommand(argv)
        report = evidence / "ruff-check.json"
        if subcommand == "check":
            argv = [*argv, "--output-format=json", f"--output-file={report}"]
        ran = checks.run(argv, cwd=app.path, timeout=TIMEOUT_SECONDS)
        found = _findings(subcommand, ran, report, app.path)
        for finding in found[:SHOWN] if subcommand == "check" else ():
            request.say(str(finding))
        findings += found
        if ran.code != 0 and not found:
            broken.append(ran)
    return _outcome(findings, broken, len(rows))


def _findings(subcommand: str, ran: tools.Ran, report: Path, folder: Path) -> list[Finding]:
    if subcommand == "check" and ran.code in (0, 1):
        return reports.ruff_check(report, folder)
    if subcommand == "format" and ran.code == 1:
        return reports.ruff_format(ran.output, folder)
    return []


def _outcome(findings: Sequence[Finding], broken: Sequence[tools.Ran], count: int) -> Outcome:
    if not findings and not broken:
        return Outcome(reason=f"{count} linters found nothing", details={"findings": 0})
    reasons = [f"`{tools.quoted(ran.argv)}` ended with exit code {ran.code}" for ran in broken]
    if findings:
        reasons.insert(0, f"{len(findings)} findings: {named(findings)}")
    files = " ".join(dict.fromkeys(finding.file for finding in findings))
    return Outcome(
        Kind.FAILED,
        reason="; ".join(reasons),
        remedy=f"ruff check --fix and ruff format mend most of them; files: {files}" if files else "",
        evidence=tuple(line for ran in broken for line in checks.tail(ran)),
        details={"findings": len(findings)},
    )


def _venv(request: command.Request) -> Path:
    from toolkit import venvs  # only a linter that wants {app_python} pays for it

    return venvs.python_for(request.app, request.root, request.say)


if __name__ == "__main__":
    sys.exit(command.main(run, stage="lint", help=__doc__ or "", app="one", place="none"))
