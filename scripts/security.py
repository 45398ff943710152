"""Looks for known weaknesses of an app's own code and its packages, by every scan that apps.toml names."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date

from toolkit.base import tools
from toolkit.base.outcome import Kind, Outcome, worst
from toolkit.checks import commands, programs, suppressions
from toolkit.checks.reports.findings import named, sarif
from toolkit.checks.security import scans
from toolkit.checks.stages import needs, passing, rows, said
from toolkit.checks.stages.rows import Answer
from toolkit.preparing.around import prepared
from toolkit.settings import command

SHOWN = 50


def run(request: command.Request) -> Outcome:
    """Every scan of the app, then its suppressions: a finding that stands or an expired suppression fails."""
    app = request.app
    app.require_code()
    commands.commands(app, "security")
    needs.require(app, "security")
    answers = list(_answers(request, today()))
    findings = [finding for answer in answers for finding in answer.findings]
    reported = said.tools(answers)
    judged = passing.judge(request, findings, reported, rest=True)
    details = {key: value for answer in answers for key, value in answer.details.items()}
    if reported:
        details["findings"] = len(judged.standing)
        log = json.dumps(sarif(judged.standing, reported), indent=1)
        (request.evidence / "security.sarif").write_text(log, encoding="utf-8")
    broken = [answer.failure for answer in answers if answer.failure]
    return worst([*broken, _verdict(app.name, judged, details, answers)])


def today() -> date:
    """The day that expiry dates and ages are compared with."""
    return passing.today()


def _answers(request: command.Request, day: date) -> Iterator[Answer]:
    values = commands.placeholders(request)
    for number, row in enumerate(commands.commands(request.app, "security"), start=1):
        known = None if row.format else scans.scan(request, row.words, day)
        if known is None:
            yield rows.run(request, "security", number, row, values)
            continue
        read = (row.words[0],) if known.failure is None else ()
        yield Answer(
            tools.quoted(row.words), read, known.findings, failure=known.failure, details=known.details
        )


def _verdict(
    name: str, judged: suppressions.Judgement, details: dict[str, object], answers: Sequence[Answer]
) -> Outcome:
    reasons = [*passing.expired(judged)]
    remedies = [
        f"mend it, or renew `expires` in [[apps.{name}.suppressions]] of apps.toml with a reason"
        for _ in reasons
    ]
    if judged.standing:
        reasons.append(f"{len(judged.standing)} findings: {named(judged.standing)}")
        remedies.append(
            "mend the code or raise the pin; what is no risk here goes into "
            f"[[apps.{name}.suppressions]] of apps.toml with a reason and a date"
        )
    if not reasons:
        return Outcome(reason=_passed(judged, details, answers), details=details)
    evidence = tuple(tools.redact(str(finding)) for finding in judged.standing[:SHOWN])
    return Outcome(Kind.FAILED, "; ".join(reasons), "\n".join(dict.fromkeys(remedies)), evidence, details)


def _passed(judged: suppressions.Judgement, details: dict[str, object], answers: Sequence[Answer]) -> str:
    """What is known where nothing failed: no weakness by the reports, and of the rest that it ended."""
    reported = said.tools(answers)
    plain = [answer.shown for answer in answers if not answer.tools]
    rest = said.unreported(plain, "weaknesses", alone=not reported)
    if not reported:
        return rest
    reason = f"{programs.shown(reported)} found no known weakness"
    if "advisories_age" in details:
        reason += f", by advisories of {details['advisories_of']} ({details['advisories_age']} days old)"
    if details.get("unanswered"):
        reason += f" for {details['unanswered']} of {details['packages']} pins, that nobody answers for"
    if judged.suppressed:
        reason += f", {len(judged.suppressed)} suppressed"
    return "; ".join(filter(None, (reason, rest)))


if __name__ == "__main__":
    sys.exit(command.main(prepared(run), stage="security", help=__doc__ or "", app="one", place="none"))
