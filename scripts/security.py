"""Looks for known weaknesses: bandit in an app's own code, safety in the packages that it is pinned to."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime

from toolkit.base import tools
from toolkit.base.outcome import Kind, Outcome, worst
from toolkit.checks import commands, suppressions
from toolkit.checks.findings import Finding, named, sarif
from toolkit.checks.security import scans
from toolkit.preparing.around import prepared
from toolkit.settings import command

SHOWN = 50


def run(request: command.Request) -> Outcome:
    """Every scan of the app, then its suppressions: a finding that stands or an expired suppression fails."""
    app = request.app
    app.require_code()
    findings: list[Finding] = []
    broken: list[Outcome] = []
    details: dict[str, object] = {}
    for row in commands.commands(app, "security"):
        result = scans.scan(request, row, today())
        findings += result.findings
        broken += [result.failure] if result.failure else []
        details |= result.details
    judged = suppressions.judge(dict.fromkeys(findings), app.suppressions, today())
    (request.evidence / "security.sarif").write_text(
        json.dumps(sarif(judged.standing), indent=1), encoding="utf-8"
    )
    for finding, entry in judged.suppressed:
        request.say(f"suppressed until {entry.expires}: {finding.place}: {finding.id}: {entry.reason}")
    for entry in judged.unused:
        request.say(
            f"WARNING: the suppression of {entry.tool} {entry.id} matches nothing: remove it from apps.toml"
        )
    return worst([*broken, _verdict(app.name, judged, {**details, "findings": len(judged.standing)})])


def today() -> date:
    """The day that expiry dates and ages are compared with, in UTC as in the record."""
    return datetime.now(UTC).date()


def _verdict(name: str, judged: suppressions.Judgement, details: dict[str, object]) -> Outcome:
    reasons, remedies = [], []
    for entry in judged.expired:
        reasons.append(
            f"the suppression of {entry.tool} {entry.id} expired on {entry.expires} (it said: {entry.reason})"
        )
        remedies.append(
            f"mend it, or renew `expires` in [[apps.{name}.suppressions]] of apps.toml with a reason"
        )
    if judged.standing:
        reasons.append(f"{len(judged.standing)} findings: {named(judged.standing)}")
        remedies.append(
            "mend the code or raise the pin; what is no risk here goes into "
            f"[[apps.{name}.suppressions]] of apps.toml with a reason and a date"
        )
    if not reasons:
        reason = "no known weakness"
        if "advisories_age" in details:
            reason += f", by advisories of {details['advisories_of']} ({details['advisories_age']} days old)"
        if details.get("unanswered"):
            reason += f" for {details['unanswered']} of {details['packages']} pins, that nobody answers for"
        if judged.suppressed:
            reason += f", {len(judged.suppressed)} suppressed"
        return Outcome(reason=reason, details=details)
    evidence = tuple(tools.redact(str(finding)) for finding in judged.standing[:SHOWN])
    return Outcome(Kind.FAILED, "; ".join(reasons), "\n".join(dict.fromkeys(remedies)), evidence, details)


if __name__ == "__main__":
    sys.exit(command.main(prepared(run), stage="security", help=__doc__ or "", app="one", place="none"))
