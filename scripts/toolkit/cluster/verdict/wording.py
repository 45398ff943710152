"""The sentence of a verdict, and which finding leads it: pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from toolkit.base.outcome import Kind, Outcome
from toolkit.cluster.diagnosis.finding import Cause, Finding, Severity, roots_first

# What follows from something else, or blames nobody: never named as a second cause.
CONSEQUENCES = frozenset(
    {Cause.READINESS, Cause.READINESS_LOST, Cause.NOT_LISTENING}
    | {Cause.PAUSED, Cause.DISRUPTION, Cause.PROGRESS_DEADLINE, Cause.STARTING}
)
TOO_SHORT = "does it only need more time? raise the app's `deadline` in apps.toml, or progressDeadlineSeconds"
# So many causes are named beside the first.
ALSO = 4
NAMELESS = frozenset({Cause.STARTING, Cause.PROGRESS_DEADLINE})


class Words(NamedTuple):
    """kind of the outcome, the finding that leads it (None: nothing was seen), cause, reason for a person."""

    kind: Kind
    lead: Finding | None
    cause: Cause
    reason: str

    @property
    def outcome(self) -> Outcome:
        """As an outcome, still without evidence."""
        lead = self.lead
        remedy = lead.remedy if lead else ""
        if lead and lead.heals:
            remedy += f"\n{TOO_SHORT}"
        details = {
            "cause": str(self.cause),
            "object": lead.object if lead else "",
            "container": lead.container if lead else "",
        }
        return Outcome(self.kind, self.reason, remedy or TOO_SHORT, details=details)


def failed(fatal: Sequence[Finding], findings: Sequence[Finding]) -> Words:
    """A rollout that is doomed. fatal is what dooms it, gravest first, not empty; findings all there is."""
    lead = next((each for each in fatal if not each.heals), fatal[0])
    if lead.cause is Cause.PROGRESS_DEADLINE:
        deeper = next((each for each in roots_first(findings) if each.cause not in NAMELESS), None)
        if deeper is None:
            return Words(Kind.TIMED_OUT, lead, lead.cause, f"{lead.cause}: {lead.clause}")
        reason = f"{deeper.cause}: {deeper.clause}{_also(deeper, findings)}; {lead.sentence}"
        return Words(Kind.TIMED_OUT, deeper, deeper.cause, reason)
    also = _also(lead, [*fatal, *findings])
    # What more time might have healed was not in time: that it failed was never proven.
    kind = Kind.TIMED_OUT if lead.heals else Kind.FAILED
    return Words(kind, lead, lead.cause, f"{lead.cause}: {lead.clause}{also}")


def timed_out(
    seconds: float, lines: Sequence[str], findings: Sequence[Finding], troubles: Sequence[str]
) -> Words:
    """A rollout that was not done in time. lines say how far each awaited object came."""
    by_root = roots_first(findings)
    lead = by_root[0] if by_root else None
    away = "".join(f"; {reason}" for reason in dict.fromkeys(troubles))
    late = f"not rolled out within {seconds:.0f} s: {'; '.join(lines)}"
    if lead is None or lead.cause in NAMELESS:
        because = f" ({lead.clause}{_also(lead, by_root)})" if lead else ""
        return Words(Kind.TIMED_OUT, lead, Cause.PROGRESS_DEADLINE, f"{late}{because}{away}")
    reason = f"{lead.cause}: {lead.clause}{_also(lead, by_root)}; {late}{away}"
    return Words(Kind.TIMED_OUT, lead, lead.cause, reason)


def _also(lead: Finding, others: Sequence[Finding]) -> str:
    """Other causes beside the first: fatal ones, and roots that had no time to become so.

    One of each cause, container and kind of object: pods of one revision have the same to tell.
    """
    named: dict[tuple[str, ...], Finding] = {}
    for finding in others:
        grave = finding.severity is Severity.FATAL or (
            finding.severity is Severity.SUSPICIOUS and finding.cause not in CONSEQUENCES
        )
        if grave and finding.cause is not Cause.PROGRESS_DEADLINE and _subject(finding) != _subject(lead):
            named.setdefault(_subject(finding), finding)
    shown = list(named.values())
    more = f"; and {len(shown) - ALSO} more" if len(shown) > ALSO else ""
    return "".join(f"; also {finding.cause}: {finding.clause}" for finding in shown[:ALSO]) + more


def _subject(finding: Finding) -> tuple[str, ...]:
    """What is the same for all pods of a revision."""
    return (finding.cause, finding.container, finding.object.partition("/")[0])
