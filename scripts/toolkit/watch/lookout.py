"""What happens to an app's pods, told once each: the memory of a watch. No network, no clock of its own.

What is an alarm, and what is only told:

| seen | alarm |
| --- | --- |
| a container restarted, or is in CrashLoopBackOff | yes; of a Job's pod no: the Job counts its failures |
| the kubelet evicted a pod because its node ran short | yes |
| a pod's readiness changed three times within FLAP_SECONDS, without a restart | yes |
| a pod is not ready for longer than its probes allow, twice over | yes |
| the cluster ended a pod otherwise: drain, preemption, node shutdown or loss | no, told |
| a pod was deleted though its ReplicaSet still wants it: by hand, or by what this cannot see | no, told |
| a pod went because of a rollout or a scale-down, its ReplicaSet wants fewer | no, not told |

A pod that is on its way out is not judged: stopping may look like anything. A pod that is first seen after
the baseline was taken starts at 0, so that one that a scale-up adds counts from its first breath. What is
known of a pod is forgotten with it: memory grows with the pods that exist, not with what happens to them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from toolkit.cluster.api.watch import Change
from toolkit.cluster.diagnosis import pods
from toolkit.objects.fields import condition, name, owner, text, uid
from toolkit.watch.departures import Departures
from toolkit.watch.sight import Sight, What

Json = dict[str, Any]

FLAPS = 3
FLAP_SECONDS = 600.0


class _Pod:
    """What is remembered of one pod."""

    __slots__ = (
        *("backing", "changes", "counts", "due", "is_job", "leaving", "name"),
        *("over", "owner", "ready", "stamp", "suspect", "told"),
    )

    def __init__(self, pod: Json) -> None:
        self.name = name(pod)
        self.owner = owner(pod, "ReplicaSet")
        self.is_job = pods.of_job(pod)
        self.counts: dict[str, int] = {}
        self.backing: dict[str, str] = {}
        self.changes: deque[float] = deque(maxlen=FLAPS)
        self.ready: bool | None = None  # None: it never was
        self.stamp = ""
        self.due: float | None = None  # when being not ready becomes an alarm
        self.suspect = ""
        self.told = False  # that it is not ready
        self.leaving = False
        self.over = False


class Lookout:
    """The pods of one app in one namespace. Times are seconds of a monotonic clock, given by the caller."""

    def __init__(self, baseline: Mapping[str, int]) -> None:
        self._baseline = dict(baseline)
        self._lived = {key.partition("/")[0] for key in baseline}
        self._pods: dict[str, _Pod] = {}
        self._departures = Departures()
        self._unready: set[str] = set()
        self._first = True

    @property
    def ready(self) -> int:
        """How many pods are ready."""
        return sum(1 for each in self._pods.values() if each.ready and not each.leaving)

    @property
    def alive(self) -> int:
        """How many pods there are, without those that leave or are over, and without those of Jobs."""
        return sum(1 for each in self._pods.values() if not (each.leaving or each.over or each.is_job))

    def lasting(self) -> set[tuple[str, str]]:
        """(container, reason) of the causes that are a state some pod is in right now."""
        found = {(c, r) for each in self._pods.values() for c, r in each.backing.items()}
        told = (self._pods[key] for key in self._unready if self._pods[key].told)
        return found | {(each.suspect, What.NOT_READY.value) for each in told}

    def take(self, change: Change, now: float) -> list[Sight]:
        """Take in what a watch saw of Pods and ReplicaSets; what is to be told of it."""
        if change.kind == "ReplicaSet":
            self._departures.take(change, now)
            return []
        if change.what == "changed":
            return self._pod(change.object, now)
        if change.what == "deleted":
            return self._gone(uid(change.object), change.object, now)
        if change.what != "synced":
            return []
        found = [sight for pod in change.items for sight in self._pod(pod, now)]
        present = {uid(pod) for pod in change.items}
        for missing in [key for key in self._pods if key not in present]:
            found += self._gone(missing, {}, now)
        self._first = False
        return found

    def is_overdue(self, now: float) -> bool:
        """Whether some pod is not ready for too long, and that was not told."""
        return any(self._late(self._pods[key], now) for key in self._unready)

    def due(self, now: float, *, judging: bool = True) -> list[Sight]:
        """What has to be told because of the time that went by. judging=False leaves readiness for later."""
        found = []
        for key, pod in self._departures.unexplained(now):
            sentence = f"Pod/{pod} was deleted though its ReplicaSet wants it, and is replaced"
            found.append(Sight(What.DELETED, pod, key, "", What.DELETED, sentence, alarm=False))
        for key in sorted(self._unready) if judging else ():
            mine = self._pods[key]
            if self._late(mine, now):
                mine.told = True
                sentence = f"Pod/{mine.name} container {mine.suspect} is not ready for too long"
                found.append(self._sight(What.NOT_READY, key, mine.suspect, What.NOT_READY, sentence))
        return found

    @staticmethod
    def _late(mine: _Pod, now: float) -> bool:
        # A container in CrashLoopBackOff is told as that.
        return mine.due is not None and mine.due <= now and not mine.told and not mine.backing

    def _sight(
        self, what: What, key: str, container: str, reason: str, sentence: str, *, total: int = 0
    ) -> Sight:
        return Sight(what, self._pods[key].name, key, container, reason, sentence, alarm=True, total=total)

    def _pod(self, pod: Json, now: float) -> list[Sight]:
        key = uid(pod)
        if not key:
            return []
        mine = self._pods.get(key)
        if mine is None:
            mine = self._pods[key] = _Pod(pod)
            mine.leaving = pods.leaves(pod)
        if pods.leaves(pod):
            return self._leaving(key, mine, pod, now)
        reason, words = pods.disruption(pod)
        if pods.is_over(pod):
            return self._over(key, mine, pod, reason, words)
        found = self._restarts(key, mine, pod)
        found += self._back_off(key, mine, pod)
        if not mine.is_job:
            found += self._readiness(key, mine, pod, now, restarted=bool(found))
        return found

    def _over(self, key: str, mine: _Pod, pod: Json, reason: str, words: str) -> list[Sight]:
        """The pod ended as a whole; one found like that ended before, unless the baseline knows it alive."""
        was_over, mine.over, mine.ready = mine.over, True, None
        self._forget_state(key, mine)
        if was_over or not reason:
            return []
        old = self._first and key not in self._lived
        said = f": {words}" if words else ""
        if reason == pods.EVICTED:
            before = " before this watch" if old else ""
            sentence = f"Pod/{mine.name} was evicted by its node{before}{said}"
            return [Sight(What.EVICTED, mine.name, key, pods.suspect(pod), reason, sentence, alarm=not old)]
        return [] if old else [_disrupted(key, mine, reason, said)]

    def _restarts(self, key: str, mine: _Pod, pod: Json) -> list[Sight]:
        counts = pods.counts([pod])
        if counts == mine.counts:
            return []
        for new in counts.keys() - mine.counts.keys():
            mine.counts[new] = self._baseline.get(new, 0)
        found = []
        for each in pods.restarts(pod, mine.counts):
            reason = each.reason or "Error"
            sight = self._sight(What.RESTART, key, each.container, reason, each.sentence, total=each.total)
            found.append(sight._replace(alarm=not mine.is_job))
        mine.counts = counts
        return found

    def _back_off(self, key: str, mine: _Pod, pod: Json) -> list[Sight]:
        found = []
        for container, why in pods.backing_off(pod).items():
            if container not in mine.backing:
                mine.backing[container] = why or "Error"
                sentence = f"Pod/{mine.name} container {container} is in CrashLoopBackOff ({why or 'Error'})"
                sight = self._sight(What.BACK_OFF, key, container, why or "Error", sentence)
                found.append(sight._replace(alarm=not mine.is_job))
        if mine.backing:
            for container in pods.steady(pod) & mine.backing.keys():
                del mine.backing[container]
        return found

    def _readiness(self, key: str, mine: _Pod, pod: Json, now: float, *, restarted: bool) -> list[Sight]:
        ready, was = pods.is_ready(pod), mine.ready
        stamp = text(condition(pod, "Ready"), "lastTransitionTime")
        # The same as before with another time: it went there and back while nobody looked.
        changes = 0 if was is None else int(ready != was) or 2 * (stamp != mine.stamp)
        mine.stamp = stamp
        if ready or was is not None:
            mine.ready = ready
        if ready:
            mine.due, mine.told = None, False
            self._unready.discard(key)
        elif mine.due is None or changes:
            mine.due = now + pods.patience(pod, new=was is None and key not in self._lived)
            mine.suspect = pods.suspect(pod)
            self._unready.add(key)
        if restarted:
            mine.changes.clear()
            return []
        mine.changes.extend([now] * changes)
        while mine.changes and mine.changes[0] < now - FLAP_SECONDS:
            mine.changes.popleft()
        if len(mine.changes) < FLAPS:
            return []
        mine.changes.clear()
        container = pods.suspect(pod)
        often = f"{FLAPS} times within {FLAP_SECONDS / 60:.0f} min"
        sentence = f"Pod/{mine.name} container {container}: its readiness changed {often}, without a restart"
        return [self._sight(What.FLAPPING, key, container, What.FLAPPING, sentence)]

    def _leaving(self, key: str, mine: _Pod, pod: Json, now: float) -> list[Sight]:
        if mine.leaving:
            return []
        mine.leaving = True
        self._forget_state(key, mine)
        reason, words = pods.disruption(pod)
        if reason and not mine.over:
            return [_disrupted(key, mine, reason, f": {words}" if words else "")]
        if mine.owner and not mine.over:
            self._departures.note(key, mine.name, mine.owner, now)
        return []

    def _gone(self, key: str, pod: Json, now: float) -> list[Sight]:
        """It is no more; one that was not seen to leave was deleted without a grace period, or unseen."""
        mine = self._pods.get(key)
        if mine is None:
            return []
        found = self._leaving(key, mine, pod, now)
        del self._pods[key]
        return found

    def _forget_state(self, key: str, mine: _Pod) -> None:
        self._unready.discard(key)
        mine.backing.clear()
        mine.changes.clear()


def _disrupted(key: str, mine: _Pod, reason: str, said: str) -> Sight:
    sentence = f"Pod/{mine.name} is ended by the cluster ({reason}){said}"
    return Sight(What.DISRUPTED, mine.name, key, "", reason, sentence, alarm=False)
