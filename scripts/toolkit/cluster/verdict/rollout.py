"""Watch plus diagnosis is a verdict: passed, failed with the cause, or timed out.

It belongs to the revision that was applied. Deadlines are monotonic; a suspicious finding's patience counts
the time that it is present and can be seen: a pod that flaps neither restarts its clock nor is blamed for the
time between, and from what was seen before the API server went away nothing is concluded.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.base.outcome import Outcome
from toolkit.base.spaces import Space
from toolkit.cluster import evidence
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.diagnosis import pods, probes
from toolkit.cluster.diagnosis.finding import Finding, ordered
from toolkit.cluster.diagnosis.kinds import judged, table
from toolkit.cluster.diagnosis.kinds.rule import Applied, State, View
from toolkit.cluster.diagnosis.scene import Scene
from toolkit.cluster.verdict import baseline, result, telling, wording
from toolkit.cluster.verdict.patience import Patience, Settling, scale
from toolkit.cluster.verdict.result import Row
from toolkit.cluster.verdict.sight import Sight
from toolkit.cluster.verdict.timeline import Timeline
from toolkit.cluster.verdict.trust import Trust
from toolkit.cluster.verdict.wording import Words
from toolkit.objects import wishes
from toolkit.settings.said.judging import NOBODY, Judging

Json = dict[str, Any]

REPORT_SECONDS = 30.0
TICK_SECONDS = 0.5
# The objects are judged no more often than this, and never for more than a fifth of the time.
JUDGE_SECONDS = 0.2
# A stream is taken up again in less; from then on the cluster counts as out of sight.
BLIND_SECONDS = 1.0
# A verdict does not wait longer than this for the events, which tell one cause from another, and a fault of
# what is otherwise done.
EVENTS_SECONDS = 5.0

# So much of the time in which the cluster cannot be seen is not counted towards any deadline.
UNSEEN_SECONDS = 300.0

NOTHING_SEEN = Scene()


@dataclass(frozen=True)
class Verdict:
    """How a rollout ended. restarts is the baseline for the watch: pod uid/container -> restart count.

    scene is what was seen when it fell; of a rollout that passed only the timeline. rows tell of each object.
    """

    outcome: Outcome
    restarts: dict[str, int]
    scene: Scene = NOTHING_SEEN
    rows: tuple[Row, ...] = ()


def follow(
    connection: Connection,
    namespace: str,
    selector: str,
    applied: Sequence[Json],
    space: Space,
    *,
    deadline: float,
    held: Callable[[], None] = lambda: None,
    judging: Mapping[str, Judging] = NOBODY,
    factor: float | None = None,
) -> Verdict:
    """Wait until the applied objects are what they should be, or certainly will not be.

    selector finds the app's objects and pods; deadline is in seconds, for what has none of its own; held
    raises when the lock was lost; judging is what apps.toml says of kinds and objects; factor scales the
    patience (PATIENCE_SCALE unless given). Raises Interrupted, and ApiError when the credential is refused
    for good.
    """
    plain = [obj for obj in applied if table.is_data(table.kind_of(obj))]
    followed = [obj for obj in applied if not table.is_data(table.kind_of(obj))]
    awaited = [judged.applied(obj, wishes.of(obj, judging, space.name)) for obj in followed]
    rows = result.data(plain)
    if not awaited:
        return Verdict(Outcome(reason="nothing to judge"), {}, rows=tuple(rows))
    rollout = _Rollout(connection, namespace, selector, awaited, space, deadline, held, factor)
    return rollout.run(rows)


class _Rollout:
    def __init__(
        self,
        connection: Connection,
        namespace: str,
        selector: str,
        applied: list[Applied],
        space: Space,
        deadline: float,
        held: Callable[[], None],
        factor: float | None,
    ) -> None:
        self.connection = connection
        self.namespace = namespace
        self.applied = applied
        running = [each for each in applied if each.kind in table.RUNNING]
        self.ran_before = bool(running) and all(baseline.ran(each.object) for each in running)
        self.others = {each.shown for each in applied} - {each.shown for each in running}
        self.running = {each.shown for each in running}
        self.space = space
        self.deadline = max([deadline, *(each.judging.deadline or 0.0 for each in applied)])
        self.deadlines = {each.shown: each.judging.deadline or deadline for each in applied}
        self.held = held
        strange = any(each.kind not in table.TABLE for each in applied)
        self.sight = Sight(connection, namespace, selector, applied, strange)
        self.watcher = self.sight.watcher
        self.patience = Patience(factor or scale())
        self.settling = Settling()
        self.timeline = Timeline()
        self.teller = telling.Teller(space, self.timeline)
        self.findings: list[Finding] = []
        self.views: dict[str, View] = {}
        self.seen = 0.0  # seconds in which the cluster could be seen
        self.unseen = 0.0  # seconds in which it could not, as far as they do not count
        self.judged = -math.inf
        self.trust = Trust(connection, self.sight, self.timeline)
        self.cost = 0.0
        self.done_since: float | None = None
        answers = (probes.first_answers(each.object) for each in applied)
        self.proof = 0.0 if self.ran_before else max(answers, default=0.0)

    def run(self, plain: Sequence[Row]) -> Verdict:
        """The verdict; plain are the rows of what is not followed."""
        self.plain = tuple(plain)
        self.timeline.add(f"applied {', '.join(each.shown for each in self.applied)}")
        last = started = time.monotonic()
        report = started + REPORT_SECONDS
        news = True
        with self.watcher as watcher:
            while True:
                until = started + self._until() + self.unseen
                seen = watcher.blind(self.sight.needed) < BLIND_SECONDS
                rest = max(0.0, self.judged + max(JUDGE_SECONDS, 5 * self.cost) - time.monotonic())
                self.space.pause(min(rest, max(0.0, until - time.monotonic())))
                changes = watcher.wait(min(TICK_SECONDS, max(0.0, until - time.monotonic())))
                self.held()
                now = time.monotonic()
                self.trust.note(changes, now)
                news = news or bool(changes)
                seen = self._troubles(now) and seen and watcher.blind(self.sight.needed) < BLIND_SECONDS
                self.seen += now - last if seen else 0.0
                self.unseen = min(UNSEEN_SECONDS, self.unseen + (0.0 if seen else now - last))
                last = now
                if seen and set(self.sight.needed) <= watcher.synced:
                    if news:
                        self._look(now)
                        news = False
                    verdict = self._verdict(now, events=now - started > EVENTS_SECONDS)
                    if verdict:
                        return verdict
                if now >= started + self._until() + self.unseen:
                    return self._timed_out(now - started - self.unseen)
                if self.teller.changes(self.applied, self.views, self.findings, self.patience):
                    report = now + REPORT_SECONDS
                elif now >= report:
                    self._report_waiting(until - now)
                    report = now + REPORT_SECONDS

    def _until(self) -> float:
        """Seconds from the start to the first deadline of what is not done."""
        left = [seconds for shown, seconds in self.deadlines.items() if not self._is_done(shown)]
        return min(left, default=self.deadline)

    def _is_done(self, shown: str) -> bool:
        return shown in self.views and self.views[shown].state is not State.WAITING

    def _look(self, now: float) -> None:
        """Find out what is wrong, and what is done."""
        self.sight.begin()
        found: list[Finding] = []
        for each in self.applied:
            self.views[each.shown] = judged.view(each, self.sight)
            found += self.views[each.shown].findings
        self.timeline.restarts(self.sight.touched.values(), self.sight.before or {})
        self.findings = ordered(found)
        self.timeline.findings(self.findings)
        self.judged = time.monotonic()
        self.cost = self.judged - now

    def _verdict(self, now: float, *, events: bool) -> Verdict | None:
        """The verdict if it falls now, on what can be seen at this moment."""
        told = events or bool({"Event"} & (self.watcher.synced | set(self.watcher.troubles)))
        fatal = self.patience.judge(self.findings, self.seen)
        if fatal:
            if told and self.trust.is_current(fatal[0].object, now):
                return self._fall(wording.failed(fatal, self.findings), fatal)
            return None
        if not all(map(self._is_done, self.deadlines)):
            self.done_since = None
            return None
        self.done_since = self.seen if self.done_since is None else self.done_since
        # Ready is not healthy: what its liveness probe says in a moment counts, and what has just happened.
        # What only an event tells is not seen before the events are.
        if not told or self.seen - self.done_since < self.proof:
            return None
        settling = [each for each in self.findings if not self.ran_before or each.object in self.others]
        if self.settling.pending(settling, self.seen):
            return None
        if all(self.trust.is_current(each.shown, now) for each in self.applied):
            return self._pass()
        return None

    def _pass(self) -> Verdict:
        reason = "already runs" if self.ran_before else "is rolled out" if self.running else "is applied"
        self.timeline.add(reason)
        rows = [*result.rows(self.applied, self.views), *self.plain]
        outcome = Outcome(reason=f"{reason}{result.idle(self.applied)}{result.unjudged(rows)}")
        counts = pods.counts(self.watcher.all("Pod"))
        return Verdict(outcome, counts, Scene({}, (), self.timeline.entries()), tuple(rows))

    def _troubles(self, now: float) -> bool:
        """Whether what is seen may be judged: a refused credential will not get better, anything else may."""
        try:
            running = [each.kind for each in self.applied if each.shown in self.running]
            trusted = self.trust.check(now, running)
        except ApiError as error:
            error.evidence = (*error.evidence, *self._last_seen())
            raise
        reason = next(iter(self.sight.troubles()), "")
        self.teller.trouble(reason, over=self.watcher.blind(self.sight.needed) == 0)
        return trusted

    def _last_seen(self) -> list[str]:
        """How far everything was when it could be seen last: what serves now is told by nothing else."""
        lines = [telling.line(each, self.views.get(each.shown)) for each in self.applied]
        return [f"when it could be seen last: {line}" for line in lines if line]

    def _report_waiting(self, left: float) -> None:
        lines = telling.awaited(self.applied, self.views)
        self.teller.waiting(left, lines, self.findings, self.sight.troubles("Event"))

    def _timed_out(self, passed: float) -> Verdict:
        late = [
            shown
            for shown, seconds in self.deadlines.items()
            if seconds <= passed and not self._is_done(shown)
        ]
        seconds = max((self.deadlines[shown] for shown in late), default=self.deadline)
        slow = [each for each in self.applied if each.shown in late] or self.applied
        views = [self.views[each.shown] for each in slow if each.shown in self.views]
        about = [finding for view in views for finding in view.findings]
        lines = telling.awaited(slow, self.views)
        words = wording.timed_out(
            seconds, lines, ordered(about) or self.findings, self.sight.troubles("Event")
        )
        return self._fall(words, [], late)

    def _fall(self, words: Words, fatal: Sequence[Finding], late: Sequence[str] = ()) -> Verdict:
        self.timeline.add(f"{words.kind}: {words.reason}")
        scene = Scene(
            {kind: tuple(self.watcher.all(kind)) for kind in (*self.sight.kinds, "Event")},
            tuple(self.findings),
            self.timeline.entries(),
        )
        lead = words.lead
        lines = evidence.of(self.connection, self.namespace, lead, self.watcher) if lead else []
        outcome = words.outcome._replace(evidence=tuple(lines))
        rows = [*result.rows(self.applied, self.views, fatal, late), *self.plain]
        return Verdict(outcome, {}, scene, tuple(rows))
