"""How long findings may last: pure arithmetic on seconds in which the cluster could be seen.

Time in which it could not be seen counts for nothing here: nobody knows whether the finding was still there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from toolkit.base.outcome import Misused
from toolkit.cluster.diagnosis.finding import Cause, Finding, Severity, ordered

Key = tuple[str, str, str]

# A finding that goes away by itself within this time (a pod that starts) is not worth a line.
NEWS_SECONDS = 5.0
# Scales the patience with everything that is not certain at once. For drills.
SCALE = "PATIENCE_SCALE"


def scale() -> float:
    """The factor in the environment variable PATIENCE_SCALE, 1 without it. Raises Misused for nonsense."""
    value = os.environ.get(SCALE, "") or "1"
    try:
        factor = float(value)
    except ValueError:
        factor = 0.0
    if not 0 < factor < 1e6:
        raise Misused(f"{SCALE} is {value!r}: it must be a number above 0, such as 0.1")
    return factor


class Patience:
    """How long each suspicious finding has been present, in seconds, all its appearances added up."""

    def __init__(self, factor: float = 1.0) -> None:
        self._factor = factor
        self._present: dict[Key, float] = {}
        self._last: dict[Key, float] = {}

    def judge(self, findings: Iterable[Finding], now: float) -> list[Finding]:
        """The findings that are fatal at this moment: certain ones, and those whose patience is used up.

        now is in seconds of seeing, from any start.
        """
        seen: dict[Key, float] = {}
        fatal = []
        for finding in findings:
            if finding.severity is Severity.FATAL:
                fatal.append(finding)
            elif finding.severity is Severity.SUSPICIOUS:
                key = finding.key
                self._present[key] = self._present.get(key, 0.0) + now - self._last.get(key, now)
                seen[key] = now
                if self._present[key] >= self.limit(finding):
                    fatal.append(finding.as_fatal(f"{finding.sentence} (for {self._present[key]:.0f} s)"))
        self._last = seen
        return ordered(fatal)

    def limit(self, finding: Finding) -> float:
        """How many seconds a suspicious finding may be present."""
        return finding.patience * self._factor

    def is_news(self, finding: Finding) -> bool:
        """Whether a finding is worth a line of its own before the regular report."""
        if finding.severity is Severity.SUSPICIOUS:
            return self._present.get(finding.key, 0.0) >= min(NEWS_SECONDS, self.limit(finding) / 2)
        return finding.severity is Severity.FATAL or finding.cause is not Cause.STARTING


class Settling:
    """Findings that keep a complete rollout from passing until they have not changed for a while."""

    def __init__(self) -> None:
        self._since: dict[Key, tuple[str, float]] = {}

    def pending(self, findings: Iterable[Finding], now: float) -> Finding | None:
        """The finding that must be unchanged for longer, None when none must; now in seconds of seeing."""
        since: dict[Key, tuple[str, float]] = {}
        first = None
        for finding in findings:
            if not finding.settles:
                continue
            sentence, start = self._since.get(finding.key, ("", now))
            start = start if sentence == finding.sentence else now
            since[finding.key] = (finding.sentence, start)
            if first is None and now - start < finding.settles:
                first = finding
        self._since = since
        return first
