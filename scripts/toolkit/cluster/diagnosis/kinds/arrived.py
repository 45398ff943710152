"""What a container misses and that has come by now: its node has only not tried again yet.

The kubelet tries to start a container whose Secret was not there every 10 to 15 s, and to mount a volume ever
more seldom, so what it said last may be of before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from toolkit.cluster.diagnosis import signs
from toolkit.cluster.diagnosis.finding import Cause, Finding, Severity
from toolkit.cluster.diagnosis.kinds.rule import Around

# Where nobody may look whether it has come: the node's next try tells.
UNKNOWN_PATIENCE = 20.0


def awaited(findings: Iterable[Finding], around: Around) -> list[Finding]:
    """The findings, those about something missing by whether it still is."""
    return [_by_now(each, around) if _is_missing(each) else each for each in findings]


def _is_missing(finding: Finding) -> bool:
    return finding.cause is Cause.CONFIGURATION and finding.severity is Severity.SUSPICIOUS


def _by_now(finding: Finding, around: Around) -> Finding:
    missing = signs.missing_object(finding.sentence)
    if missing is None or finding.heals:
        return finding
    there = around.holds(*missing)
    if there is None:
        return finding.as_suspicious(max(finding.patience, UNKNOWN_PATIENCE))
    if not there:
        return finding
    kind, name, key = missing
    what = f"{kind}/{name} has {key}" if key else f"{kind}/{name} is there"
    sentence = f"{finding.sentence}; {what} by now, its node has not tried again yet"
    return replace(finding, sentence=sentence).as_healing()
