"""Watch plus diagnosis is a verdict: passed, failed with the cause, or timed out.

It belongs to the revision that was applied. Deadlines are monotonic; a suspicious finding's patience counts
the time that it is present: a pod that flaps neither restarts its clock nor is blamed for the time between.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.cluster import evidence, pods, progress
from toolkit.cluster.connection import Connection
from toolkit.cluster.diagnosis import events_by_object
from toolkit.cluster.errors import ApiError
from toolkit.cluster.finding import Cause, Finding, Severity, ordered
from toolkit.cluster.progress import Awaited
from toolkit.cluster.watch import Watcher
from toolkit.outcome import Kind, Outcome
from toolkit.spaces import Space

Json = dict[str, Any]

REPORT_SECONDS = 30.0
TICK_SECONDS = 0.5


@dataclass(frozen=True)
class Verdict:
    """How a rollout ended. restarts is the baseline for the watch: pod uid/container -> restart count."""

    outcome: Outcome
    restarts: dict[str, int]


def follow(
    connection: Connection,
    namespace: str,
    selector: str,
    applied: Sequence[Json],
    space: Space,
    *,
    deadline: float,
    held: Callable[[], None] = lambda: None,
) -> Verdict:
    """Wait until the applied Deployments and Jobs are what they should be, or certainly will not be.

    selector finds their pods; deadline is in seconds; held raises when the lock was lost. Raises Interrupted.
    """
    awaited = [Awaited.of(obj) for obj in applied if obj["kind"] in progress.AWAITED]
    if not awaited:
        return Verdict(Outcome(reason="nothing to wait for"), {})
    return _Rollout(connection, namespace, selector, awaited, space, deadline, held).run()


class _Rollout:
    def __init__(
        self,
        connection: Connection,
        namespace: str,
        selector: str,
        awaited: list[Awaited],
        space: Space,
        deadline: float,
        held: Callable[[], None],
    ) -> None:
        self.connection = connection
        self.namespace = namespace
        self.awaited = awaited
        self.space = space
        self.deadline = deadline
        self.held = held
        query = {"labelSelector": selector}
        kinds = dict.fromkeys(("Pod", "ReplicaSet", *sorted({each.kind for each in awaited})), query)
        self.watcher = Watcher(connection, namespace, {**kinds, "Event": {}})
        self.patience = Patience()
        self.said: dict[str, str] = {}

    def run(self) -> Verdict:
        started = time.monotonic()
        until = started + self.deadline
        report = started + REPORT_SECONDS
        ran_before: bool | None = None
        with self.watcher as watcher:
            while True:
                watcher.wait(min(TICK_SECONDS, max(0.0, until - time.monotonic())))
                self.space.check()
                self.held()
                self._troubles()
                now = time.monotonic()
                needed = {"Pod", "ReplicaSet", *(each.kind for each in self.awaited)}
                findings: list[Finding] = []
                if needed <= watcher.synced:
                    findings = self._findings()
                    fatal = self.patience.judge(findings, now)
                    if fatal:
                        return self._failed(fatal, findings)
                    if ran_before is None:
                        ran_before = all(self._runs(each) for each in self.awaited)
                    if all(self._done(each) for each in self.awaited):
                        return self._passed(ran_before)
                if now >= until:
                    return self._timed_out(findings)
                if self._report_changes(findings):
                    report = now + REPORT_SECONDS
                elif now >= report:
                    self._report_waiting(findings, until - now)
                    report = now + REPORT_SECONDS

    def _findings(self) -> list[Finding]:
        watcher = self.watcher
        events = events_by_object(watcher.all("Event"))
        found: list[Finding] = []
        for each in self.awaited:
            live = watcher.named(each.kind, each.name)
            found += each.findings(live, watcher.all("ReplicaSet"), watcher.all("Pod"), events)
        return ordered(found)

    def _done(self, each: Awaited) -> bool:
        watcher = self.watcher
        live = watcher.named(each.kind, each.name)
        return each.done(live, watcher.all("ReplicaSet"), watcher.all("Pod"))

    def _troubles(self) -> None:
        """A refused credential will not get better; anything else may, until the deadline."""
        for kind, error in self.watcher.troubles.items():
            if isinstance(error, ApiError) and error.status in (401, 403) and kind != "Event":
                raise error
            if self.said.get(f"trouble {kind}") != error.reason and kind != "Event":
                self.said[f"trouble {kind}"] = error.reason
                self.space.say(f"{error.reason}; trying again")

    def _report_changes(self, findings: Iterable[Finding]) -> bool:
        spoke = False
        for each in self.awaited:
            line = each.line(self.watcher.named(each.kind, each.name))
            spoke = self._say_once(each.name, line) or spoke
        for finding in findings:
            if self.patience.is_news(finding):
                line = f"{finding.severity}: {progress.about(finding)}"
                spoke = self._say_once(" ".join(finding.key), line) or spoke
        return spoke

    def _say_once(self, key: str, line: str) -> bool:
        if not line or self.said.get(key) == line:
            return False
        self.said[key] = line
        self.space.say(line)
        return True

    def _report_waiting(self, findings: Sequence[Finding], left: float) -> None:
        for each in self.awaited:
            if not self._done(each):
                line = each.line(self.watcher.named(each.kind, each.name)) or f"{each.name}: not seen yet"
                self.space.say(f"still waiting (for at most {left:.0f} s more): {line}")
        for finding in findings[:3]:
            self.space.say(f"  {progress.about(finding)}")
        for error in self.watcher.troubles.values():
            self.space.say(f"  {error.reason}")

    def _runs(self, each: Awaited) -> bool:
        """Whether the pods that were asked for are ready; the controller may not have taken note yet."""
        live = self.watcher.named(each.kind, each.name)
        return each.runs(live, self.watcher.all("ReplicaSet"), self.watcher.all("Pod"))

    def _passed(self, ran_before: bool) -> Verdict:
        reason = "already runs" if ran_before else "is rolled out"
        return Verdict(Outcome(reason=reason), pods.counts(self.watcher.all("Pod")))

    def _failed(self, fatal: Sequence[Finding], findings: Sequence[Finding]) -> Verdict:
        lead = fatal[0]
        others = [finding for finding in fatal[1:] if finding.cause != lead.cause]
        also = "".join(f"; also {progress.about(finding)}" for finding in others[:2])
        kind = Kind.FAILED
        if lead.cause is Cause.PROGRESS_DEADLINE:
            kind = Kind.TIMED_OUT
            lead = next((each for each in findings if each.cause is not lead.cause), lead)
            also = "" if lead.cause is Cause.PROGRESS_DEADLINE else f"; {fatal[0].sentence}"
        return self._verdict(kind, lead, f"{lead.cause}: {progress.about(lead)}{also}")

    def _timed_out(self, findings: Sequence[Finding]) -> Verdict:
        lines = [
            each.line(self.watcher.named(each.kind, each.name)) or f"{each.name}: never seen"
            for each in self.awaited
            if not self._done(each)
        ]
        lead = findings[0] if findings else None
        because = f" ({progress.about(lead)})" if lead else ""
        away = "".join(f"; {error.reason}" for error in self.watcher.troubles.values())
        reason = f"not rolled out within {self.deadline:.0f} s: {'; '.join(lines)}{because}{away}"
        return self._verdict(Kind.TIMED_OUT, lead, reason)

    def _verdict(self, kind: Kind, lead: Finding | None, reason: str) -> Verdict:
        lines = evidence.of(self.connection, self.namespace, lead, self.watcher) if lead else []
        remedy = lead.remedy if lead else "the app's `deadline` in apps.toml may be too short"
        details = (
            {"cause": str(lead.cause), "object": lead.object, "container": lead.container} if lead else {}
        )
        outcome = Outcome(kind, reason, remedy=remedy, evidence=tuple(lines), details=details)
        return Verdict(outcome, {})


# A finding that goes away by itself within this time (a pod that starts) is not worth a line.
NEWS_SECONDS = 5.0


class Patience:
    """How long each suspicious finding has been present, in seconds, all its appearances added up."""

    def __init__(self) -> None:
        self._present: dict[tuple[str, str, str], float] = {}
        self._last: dict[tuple[str, str, str], float] = {}

    def judge(self, findings: Iterable[Finding], now: float) -> list[Finding]:
        """The findings that are fatal at this moment: certain ones, and those whose patience is used up."""
        seen: dict[tuple[str, str, str], float] = {}
        fatal = []
        for finding in findings:
            if finding.severity is Severity.FATAL:
                fatal.append(finding)
            elif finding.severity is Severity.SUSPICIOUS:
                key = finding.key
                self._present[key] = self._present.get(key, 0.0) + now - self._last.get(key, now)
                seen[key] = now
                if self._present[key] >= finding.patience:
                    fatal.append(finding.as_fatal(f"{finding.sentence} (for {self._present[key]:.0f} s)"))
        self._last = seen
        return ordered(fatal)

    def is_news(self, finding: Finding) -> bool:
        """Whether a finding is worth a line of its own before the regular report."""
        if finding.severity is Severity.SUSPICIOUS:
            return self._present.get(finding.key, 0.0) >= min(NEWS_SECONDS, finding.patience / 2)
        return finding.severity is Severity.FATAL or finding.cause is not Cause.STARTING
