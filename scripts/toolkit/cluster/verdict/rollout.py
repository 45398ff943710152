"""Watch plus diagnosis is a verdict: passed, failed with the cause, or timed out.

It belongs to the revision that was applied. Deadlines are monotonic; a suspicious finding's patience counts
the time that it is present and can be seen: a pod that flaps neither restarts its clock nor is blamed for the
time between, and from what was seen before the API server went away nothing is concluded.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.base.outcome import Failed, Outcome
from toolkit.base.spaces import Space
from toolkit.cluster import evidence
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.api.watch import Watcher
from toolkit.cluster.diagnosis import pods, probes, progress
from toolkit.cluster.diagnosis.finding import Finding, ordered
from toolkit.cluster.diagnosis.progress import Awaited
from toolkit.cluster.diagnosis.scene import Scene
from toolkit.cluster.verdict import baseline, wording
from toolkit.cluster.verdict.last_seen import LastSeen
from toolkit.cluster.verdict.patience import Patience, Settling, scale
from toolkit.cluster.verdict.timeline import Timeline
from toolkit.cluster.verdict.wording import Words
from toolkit.objects.fields import text, uid
from toolkit.objects.resources import built_in

Json = dict[str, Any]

REPORT_SECONDS = 30.0
TICK_SECONDS = 0.5
# The objects are judged no more often than this, and never for more than a fifth of the time.
JUDGE_SECONDS = 0.2
# A stream is taken up again in less; from then on the cluster counts as out of sight.
BLIND_SECONDS = 1.0
# News is as new as its stream; what has not changed for so long is asked for again before a verdict falls.
OLD_SECONDS = 2.0
ASK_SECONDS = 3.0
# A credential that worked, or its permission, may be away for as long as an API server takes to start.
REFUSED_SECONDS = 10.0
# A verdict does not wait longer than this for the events, which tell one cause from another.
EVENTS_SECONDS = 5.0

NOTHING_SEEN = Scene()


@dataclass(frozen=True)
class Verdict:
    """How a rollout ended. restarts is the baseline for the watch: pod uid/container -> restart count.

    scene is what was seen when it fell; of a rollout that passed only the timeline.
    """

    outcome: Outcome
    restarts: dict[str, int]
    scene: Scene = NOTHING_SEEN


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

    selector finds their pods; deadline is in seconds; held raises when the lock was lost. Raises Interrupted,
    and ApiError when the credential is refused for good.
    """
    awaited = [obj for obj in applied if obj["kind"] in progress.AWAITED]
    if not awaited:
        return Verdict(Outcome(reason="nothing to wait for"), {})
    return _Rollout(connection, namespace, selector, awaited, space, deadline, held).run()


class _Rollout:
    def __init__(
        self,
        connection: Connection,
        namespace: str,
        selector: str,
        applied: list[Json],
        space: Space,
        deadline: float,
        held: Callable[[], None],
    ) -> None:
        self.connection = connection
        self.namespace = namespace
        self.awaited = [Awaited.of(obj) for obj in applied]
        self.ran_before = all(baseline.ran(obj) for obj in applied)
        self.space = space
        self.deadline = deadline
        self.held = held
        query = {"labelSelector": selector}
        self.needed = ("Pod", "ReplicaSet", *sorted({each.kind for each in self.awaited}))
        self.watcher = Watcher(connection, namespace, {**dict.fromkeys(self.needed, query), "Event": {}})
        self.patience = Patience(scale())
        self.settling = Settling()
        self.timeline = Timeline()
        self.said: dict[str, str] = {}
        self.before: dict[str, int] | None = None
        self.findings: list[Finding] = []
        self.done: dict[str, bool] = {}
        self.last = LastSeen(connection, namespace)
        self.sight = 0.0  # seconds in which the cluster could be seen
        self.changed: dict[str, float] = {}  # when a kind's stream last said something
        self.judged = self.asked = -math.inf
        self.cost = 0.0
        self.refused_since: float | None = None
        self.done_since: float | None = None
        self.proof = 0.0 if self.ran_before else max(map(probes.first_answers, applied), default=0.0)

    def run(self) -> Verdict:
        self.timeline.add(f"applied {', '.join(_shown(each) for each in self.awaited)}")
        last = started = time.monotonic()
        until, report = started + self.deadline, started + REPORT_SECONDS
        news = True
        with self.watcher as watcher:
            while True:
                seen = watcher.blind(self.needed) < BLIND_SECONDS
                rest = max(0.0, self.judged + max(JUDGE_SECONDS, 5 * self.cost) - time.monotonic())
                self.space.pause(min(rest, max(0.0, until - time.monotonic())))
                changes = watcher.wait(min(TICK_SECONDS, max(0.0, until - time.monotonic())))
                self.held()
                now = time.monotonic()
                self.changed.update((change.kind, now) for change in changes)
                news = news or bool(changes)
                seen = seen and watcher.blind(self.needed) < BLIND_SECONDS
                self._troubles(now)
                self.sight += now - last if seen else 0.0
                last = now
                if seen and set(self.needed) <= watcher.synced:
                    if news:
                        self._look(now)
                        news = False
                    verdict = self._verdict(now, events=now - started > EVENTS_SECONDS)
                    if verdict:
                        return verdict
                if now >= until:
                    return self._timed_out()
                if self._report_changes():
                    report = now + REPORT_SECONDS
                elif now >= report:
                    self._report_waiting(until - now)
                    report = now + REPORT_SECONDS

    def _look(self, now: float) -> None:
        """Find out what is wrong, and what is done."""
        watcher = self.watcher
        if self.before is None:  # what restarted before is not this rollout's doing
            self.before = baseline.restarts(watcher.all("Pod"))
        found: list[Finding] = []
        for each in self.awaited:
            live = watcher.named(each.kind, each.name)
            if (gone := self.last.gone(each, live, watcher.events)) is not None:
                found += gone
                self.done[_shown(each)] = not gone
                continue
            sets = watcher.owned("ReplicaSet", each.uid)
            mine = [pod for owner in (each.uid, *map(uid, sets)) for pod in watcher.owned("Pod", owner)]
            self.timeline.restarts(mine, self.before)
            mine = [baseline.since(pod, self.before) for pod in mine]
            found += each.findings(live, sets, mine, watcher.events)
            self.done[_shown(each)] = each.done(live, sets, mine)
        self.findings = ordered(found)
        self.timeline.findings(self.findings)
        self.judged = time.monotonic()
        self.cost = self.judged - now

    def _verdict(self, now: float, *, events: bool) -> Verdict | None:
        """The verdict if it falls now, on what can be seen at this moment."""
        fatal = self.patience.judge(self.findings, self.sight)
        if fatal:
            told = events or bool({"Event"} & (self.watcher.synced | set(self.watcher.troubles)))
            if told and self._is_current(fatal[0].object, now):
                return self._fall(wording.failed(fatal, self.findings))
            return None
        if not all(self.done.values()):
            self.done_since = None
            return None
        self.done_since = self.sight if self.done_since is None else self.done_since
        # Ready is not healthy: what its liveness probe says in a moment counts, and what has just happened.
        if self.sight - self.done_since < self.proof:
            return None
        if not self.ran_before and self.settling.pending(self.findings, self.sight):
            return None
        if all(self._is_current(_shown(each), now) for each in self.awaited):
            reason = "already runs" if self.ran_before else "is rolled out"
            self.timeline.add(reason)
            counts = pods.counts(self.watcher.all("Pod"))
            return Verdict(Outcome(reason=reason), counts, Scene({}, (), self.timeline.entries()))
        return None

    def _is_current(self, shown: str, now: float) -> bool:
        """Whether an object still is as the watch showed it: an open stream may have stopped to speak."""
        kind, _, name = shown.partition("/")
        if kind not in self.needed or now - self.changed.get(kind, now) < OLD_SECONDS:
            return True
        if now - self.asked < ASK_SECONDS:
            return False
        try:
            path = built_in(kind).path(self.namespace, name)
            live: Json | None = self.connection.json("GET", path, timeout=ASK_SECONDS)
        except Failed as error:
            if not isinstance(error, ApiError) or error.status != 404:
                self.asked = time.monotonic()
                return False
            live = None
        version = text(self.watcher.named(kind, name), "metadata", "resourceVersion")
        if version == text(live, "metadata", "resourceVersion"):
            return True
        self.asked = time.monotonic()
        self.timeline.add(f"{shown} has changed and the watch did not show it: listing anew")
        self.watcher.doubt()
        return False

    def _troubles(self, now: float) -> None:
        """A refused credential will not get better; anything else may, until the deadline."""
        troubles = [self.watcher.troubles[kind] for kind in self.needed if kind in self.watcher.troubles]
        refused = next((e for e in troubles if isinstance(e, ApiError) and e.status in (401, 403)), None)
        if refused is None:
            self.refused_since = None
        else:
            self.refused_since = now if self.refused_since is None else self.refused_since
            if now - self.refused_since >= (REFUSED_SECONDS if self.watcher.synced else 0.0):
                raise refused
        before = self.said.get("trouble", "")
        reason = troubles[0].reason if troubles else ""
        if reason and reason != before:
            self.timeline.add(f"the cluster cannot be seen: {reason}")
            self.space.say(f"{reason}; trying again")
        elif before and not reason and self.watcher.blind(self.needed) == 0:
            self.timeline.add("the cluster can be seen again")
            self.space.say("the cluster answers again")
        else:
            return
        self.said["trouble"] = reason

    def _report_changes(self) -> bool:
        spoke = False
        for each in self.awaited:
            line = each.line(self.watcher.named(each.kind, each.name))
            if self._say_once(_shown(each), line):
                self.timeline.add(line)
                spoke = True
        for finding in self.findings:
            if self.patience.is_news(finding):
                line = f"{finding.severity}: {finding.clause}"
                spoke = self._say_once(" ".join(finding.key), line) or spoke
        return spoke

    def _say_once(self, key: str, line: str) -> bool:
        if not line or self.said.get(key) == line:
            return False
        self.said[key] = line
        self.space.say(line)
        return True

    def _lines(self) -> list[str]:
        """How far each object is that is still awaited."""
        waiting = [each for each in self.awaited if not self.done.get(_shown(each))]
        seen = [(each, self.watcher.named(each.kind, each.name)) for each in waiting]
        return [each.line(live) or f"{each.name}: not seen yet" for each, live in seen]

    def _report_waiting(self, left: float) -> None:
        for line in self._lines():
            self.space.say(f"still waiting (for at most {left:.0f} s more): {line}")
        for finding in self.findings[:3]:
            self.space.say(f"  {finding.clause}")
        for reason in dict.fromkeys(error.reason for error in self.watcher.troubles.values()):
            self.space.say(f"  {reason}")

    def _timed_out(self) -> Verdict:
        reasons = [error.reason for error in self.watcher.troubles.values()]
        return self._fall(wording.timed_out(self.deadline, self._lines(), self.findings, reasons))

    def _fall(self, words: Words) -> Verdict:
        self.timeline.add(f"{words.kind}: {words.reason}")
        scene = Scene(
            {kind: tuple(self.watcher.all(kind)) for kind in (*self.needed, "Event")},
            tuple(self.findings),
            self.timeline.entries(),
        )
        lines = evidence.of(self.connection, self.namespace, words.lead, self.watcher) if words.lead else []
        outcome = words.outcome._replace(evidence=tuple(lines))
        return Verdict(outcome, {}, scene)


def _shown(each: Awaited) -> str:
    return f"{each.kind}/{each.name}"
