"""How many pods more than now a rollout needs, and when. Pure.

Rounding and order are those of the Deployment controller:
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from toolkit.cluster.preflight.quota import podcost
from toolkit.objects.fields import condition, mapping, number, text
from toolkit.objects.pods import is_maker, template_of

Json = dict[str, Any]


class Roll(NamedTuple):
    """Something that makes pods, as the API server would have it, and as it is now (None: not there)."""

    wanted: Json
    live: Json | None

    @property
    def is_renewed(self) -> bool:
        """Whether its pods will be other ones: it is new, or its template changed."""
        return self.live is None or template_of(self.wanted) != template_of(self.live)


class Growth(NamedTuple):
    """How the pods of a rollout change. First `at_once` new ones come beside the `before` old ones; when the
    last old ones go there are `after` new ones beside `beside` old ones."""

    new: Json
    old: Json
    at_once: int
    after: int
    beside: int
    before: int

    def peak(self, of_new: Fraction, of_old: Fraction) -> Fraction:
        """The most that is used beyond what is used now, when a new and an old pod count for this much."""
        late = self.after * of_new + (self.beside - self.before) * of_old
        return max(self.at_once * of_new, late, Fraction(0))

    @property
    def pods(self) -> int:
        """The most pods there are beyond those that there are now."""
        return int(self.peak(Fraction(1), Fraction(1)))


def surge(obj: Json, replicas: int) -> int:
    """maxSurge of a Deployment as a number of pods: a percentage is rounded up, 25% unless told.

    A maxSurge that comes to nothing together with a maxUnavailable that does leaves maxUnavailable at 1.
    """
    if text(obj, "spec", "strategy", "type") == "Recreate":
        return 0
    told = mapping(obj, "spec", "strategy", "rollingUpdate").get("maxSurge", "25%")
    if isinstance(told, str) and told.endswith("%"):
        return math.ceil(Fraction(number(told[:-1])) * replicas / 100)
    return number(told)


def unavailable(obj: Json, replicas: int) -> int:
    """maxUnavailable of a Deployment as a number of pods: a percentage is rounded down, 25% unless told; 1
    where maxSurge comes to nothing, too."""
    told = mapping(obj, "spec", "strategy", "rollingUpdate").get("maxUnavailable", "25%")
    percent = isinstance(told, str) and told.endswith("%")
    count = math.floor(Fraction(number(told[:-1])) * replicas / 100) if percent else number(told)
    return count or (0 if surge(obj, replicas) else 1)


def of(roll: Roll, limit_ranges: Sequence[Json] = (), *, least: bool = False) -> Growth | None:
    """How a rollout grows; None for what makes no pods now (CronJob), or one on each node (DaemonSet).

    least: how it grows if it has to squeeze through: the controller takes old pods away, as far as it may,
    whether new ones came or not, so one pod more is enough where none may go first, and none where one may.
    """
    if not is_maker(roll.wanted):
        return None
    kind = text(roll.wanted, "kind")
    new = podcost.admitted(template_of(roll.wanted), limit_ranges)
    old = podcost.admitted(template_of(roll.live), limit_ranges) if roll.live else new
    if kind == "Pod":
        return Growth(new, old, 0, 0, 0, 0) if roll.live else Growth(new, old, 1, 1, 0, 0)
    if kind == "Job":
        # One that is there and can stay as it is has run, or runs and is counted; one that failed runs again.
        again = condition(roll.live, "Failed").get("status") == "True"
        count = _parallelism(roll.wanted) if roll.is_renewed or again else 0
        return Growth(new, old, count, count, 0, 0)
    if kind not in ("Deployment", "StatefulSet", "ReplicaSet"):
        return None
    replicas = number(roll.wanted, "spec", "replicas", default=1)
    before = number(roll.live, "status", "replicas") if roll.live else 0
    if kind == "Deployment" and roll.is_renewed and before:
        extra = surge(roll.wanted, replicas)
        if text(roll.wanted, "spec", "strategy", "type") == "Recreate":
            return Growth(new, old, 0, replicas, 0, before)
        if least:
            extra = 0 if unavailable(roll.wanted, replicas) else min(extra, 1)
            return Growth(new, old, extra, replicas, min(extra, before), before)
        at_once = min(replicas, max(0, replicas + extra - before))
        return Growth(new, old, at_once, replicas, min(extra, before), before)
    if kind == "StatefulSet" and roll.is_renewed:
        return Growth(new, old, max(0, replicas - before), replicas, 0, before)
    more = max(0, replicas - before)
    return Growth(new, new, more, more, 0, 0)


def _parallelism(job: Json) -> int:
    at_once = number(job, "spec", "parallelism", default=1)
    completions = number(job, "spec", "completions", default=at_once)
    return 0 if mapping(job, "spec").get("suspend") is True else min(at_once, completions)
