"""Checks the style of an app's code and tests with every linter that apps.toml names for it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from toolkit.base.outcome import Kind, Outcome
from toolkit.checks import commands
from toolkit.checks.stages import needs, rows, said
from toolkit.preparing.around import prepared
from toolkit.settings import command

if TYPE_CHECKING:
    from toolkit.checks.reports.findings import Finding
    from toolkit.checks.stages.rows import Answer

SHOWN = 50


def run(request: command.Request) -> Outcome:
    """Every lint command of the app, the later ones too when an early one finds something."""
    app = request.app
    app.require_code()
    every = commands.commands(app, "lint")
    needs.require(app, "lint")
    values = commands.placeholders(request)
    answers = [rows.run(request, "lint", number, row, values) for number, row in enumerate(every, start=1)]
    findings = [finding for answer in answers for finding in answer.findings]
    expired: tuple[str, ...] = ()
    tools = said.tools(answers)
    if app.suppressions:
        from toolkit.checks.stages import passing

        findings, expired = passing.over(request, findings, tools)
    if tools:
        _keep(request, findings, tools)
    return _outcome(request, findings, expired, answers)


def _outcome(
    request: command.Request, findings: Sequence[Finding], expired: Sequence[str], answers: Sequence[Answer]
) -> Outcome:
    broken = [answer.failure for answer in answers if answer.failure]
    reported = [answer for answer in answers if answer.tools]
    details = {"findings": len(findings)} if reported else {}
    if not findings and not broken and not expired:
        return Outcome(reason=_passed(answers), details=details)
    from toolkit.checks.reports.findings import named  # only a failure pays for it

    reasons = [*expired]
    reasons += [f"{len(findings)} findings: {named(findings)}"] if findings else []
    reasons += [each.reason for each in broken]
    remedies = _remedies(request, findings, expired) + [each.remedy for each in broken]
    shown = [str(finding) for finding in findings[:SHOWN]]
    return Outcome(
        max((each.kind for each in broken), key=list(Kind).index, default=Kind.FAILED),
        reason="; ".join(reasons),
        remedy="\n".join(dict.fromkeys(filter(None, remedies))),
        evidence=(*shown, *(line for each in broken for line in each.evidence)),
        details=details,
    )


def _passed(answers: Sequence[Answer]) -> str:
    """What is known where nothing failed: of linters what their reports say, of commands that they ended."""
    clean = sum(bool(answer.tools) and not answer.told for answer in answers)
    sentences = [f"{clean} linter{'' if clean == 1 else 's'} found nothing"] if clean else []
    for answer in answers:
        if answer.told:
            from toolkit.checks.reports.findings import named

            tool = ", ".join(answer.tools)
            sentences.append(f"{tool} does not fail for {len(answer.told)} findings: {named(answer.told)}")
    plain = [answer.shown for answer in answers if not answer.tools]
    alone = len(plain) == len(answers)
    return "; ".join(filter(None, (*sentences, said.unreported(plain, "what they found", alone=alone))))


def _remedies(request: command.Request, findings: Sequence[Finding], expired: Sequence[str]) -> list[str]:
    found = []
    if any(finding.tool == "ruff" for finding in findings):
        found.append("`ruff check --fix` and `ruff format` mend most of these")
    if findings or expired:
        found.append(
            "mend the code; what may stay goes into "
            f"[[apps.{request.app.name}.suppressions]] of apps.toml with a reason and a date"
        )
    return found


def _keep(request: command.Request, findings: Sequence[Finding], tools: Sequence[str]) -> None:
    import json

    from toolkit.checks.reports.findings import sarif

    log = json.dumps(sarif(findings, tools), indent=1)
    (request.evidence / "lint.sarif").write_text(log, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(command.main(prepared(run), stage="lint", help=__doc__ or "", app="one", place="none"))
