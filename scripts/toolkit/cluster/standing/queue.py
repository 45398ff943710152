"""The Lease of a reservation as data: who has it, who waits in which order, and who of them is gone. Pure.

Whether somebody is gone is told by this machine's monotonic clock (nothing of theirs changed for as long as
they were granted), never by comparing clocks of two machines; a dead process of this machine is seen at once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from toolkit.cluster.release import lock
from toolkit.objects.fields import mapping, number, objects, text

Json = dict[str, Any]

BRANCH = "form-builder/branch"
QUEUE = "form-builder/queue"
# Whoever waits shows so often that it does, and is taken for gone when it has not for so long.
BEAT_SECONDS = 5.0
GONE_SECONDS = 30.0


class Claim(NamedTuple):
    """Somebody who has a reservation, or waits for it; seconds is for how long it is granted."""

    run: str
    who: str
    branch: str
    process: str
    seconds: int
    beat: int = 0

    @property
    def shown(self) -> str:
        """For a sentence."""
        return f"{self.who} ({self.branch})" if self.branch else self.who


class Seen:
    """Since when what others wrote has not changed, and when we wrote last."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[str, float]] = {}
        self._wrote = float("-inf")

    def still(self, key: str, value: str, now: float) -> float:
        """For how many seconds a value has been the same, as far as was seen."""
        before = self._since.get(key)
        if before is None or before[0] != value:
            self._since[key] = before = (value, now)
        return now - before[1]

    def is_due(self, mine: Claim, stands: Standing, now: float) -> bool:
        """Whether to write that we wait; true makes it so."""
        known = any(each.run == mine.run for each in stands.waiting)
        if known and now - self._wrote < BEAT_SECONDS:
            return False
        self._wrote = now
        return True


@dataclass(frozen=True)
class Standing:
    """How things stand for one claim: whether the reservation is its own or free, who waits, who is ahead."""

    is_mine: bool
    is_free: bool
    waiting: list[Claim]
    ahead: list[Claim]

    @property
    def place(self) -> str:
        """Where we stand, for a sentence."""
        number_ = len(self.ahead) + 1
        before = f" after {', '.join(each.shown for each in self.ahead)}" if self.ahead else ""
        return f"place {number_} in the queue{before}"

    def without(self, mine: Claim) -> list[Claim]:
        """The queue once we have left it."""
        return [each for each in self.waiting if each.run != mine.run]

    def joined(self, mine: Claim) -> list[Claim]:
        """The queue with us in it, and a sign that we still wait."""
        if any(each.run == mine.run for each in self.waiting):
            beats = {mine.run: 1}
            return [each._replace(beat=each.beat + beats.get(each.run, 0)) for each in self.waiting]
        return [*self.waiting, mine]


def look(live: Json | None, mine: Claim, seen: Seen, now: float) -> Standing:
    """How things stand, by what the Lease says and since when it says so; now is monotonic."""
    holder = text(live, "metadata", "annotations", lock.RUN)
    renewed = f"{holder} {text(live, 'spec', 'renewTime')}"
    granted = number(live, "spec", "leaseDurationSeconds", default=lock.GRANTED_SECONDS)
    is_free = not holder or is_dead(live) or seen.still("", renewed, now) > granted
    waiting = []
    for each in of(live):
        dead = lock.is_gone(each.process) or seen.still(each.run, str(each.beat), now) > GONE_SECONDS
        if each.run == mine.run or not dead:
            waiting.append(each)
    names = [each.run for each in waiting]
    ahead = waiting[: names.index(mine.run)] if mine.run in names else waiting
    return Standing(holder == mine.run, is_free, waiting, ahead)


def of(lease: Any) -> list[Claim]:
    """The queue of a Lease, first come first; [] for what somebody broke by hand."""
    try:
        rows = objects(json.loads(text(lease, "metadata", "annotations", QUEUE) or "[]"))
    except ValueError:
        return []
    made = []
    for row in rows:
        run, who, branch, process = (text(row, key) for key in ("run", "who", "branch", "process"))
        if run:
            made.append(Claim(run, who, branch, process, 0, number(row, "beat")))
    return made


def is_dead(lease: Any) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    return lock.is_gone(text(lease, "metadata", "annotations", lock.PROCESS))


def shown(lease: Any) -> str:
    """Who has it, from which branch and in which run."""
    annotations = mapping(lease, "metadata", "annotations")
    claim = Claim("", text(annotations, lock.HOLDER) or "somebody", text(annotations, BRANCH), "", 0)
    run = text(annotations, lock.RUN)
    return f"{claim.shown} in run {run}" if run else claim.shown


def lease(
    namespace: str,
    name: str,
    app: str,
    live: Json | None,
    holder: Claim | None,
    waiting: list[Claim],
    *,
    freed: bool = False,
) -> Json:
    """The Lease to write: with this holder (None: the one it has; freed: nobody) and this queue."""
    annotations = dict(mapping(live, "metadata", "annotations"))
    spec = dict(mapping(live, "spec"))
    now = lock.stamp()
    if freed:
        for key in (lock.RUN, lock.HOLDER, lock.PROCESS, BRANCH):
            annotations.pop(key, None)
        spec = {}
    elif holder is not None:
        is_new = text(annotations, lock.RUN) != holder.run
        annotations |= {lock.RUN: holder.run, lock.HOLDER: holder.who, BRANCH: holder.branch}
        annotations[lock.PROCESS] = holder.process
        spec["holderIdentity"] = f"{holder.who} ({holder.run})"[:250]
        spec["leaseDurationSeconds"] = holder.seconds
        spec["acquireTime"] = now if is_new else spec.get("acquireTime", now)
        spec["renewTime"] = now
    rows = [{key: value for key, value in each._asdict().items() if key != "seconds"} for each in waiting]
    annotations.pop(QUEUE, None)
    if rows:
        annotations[QUEUE] = json.dumps(rows, separators=(",", ":"))
    metadata = {
        "name": name,
        "namespace": namespace,
        "labels": {"app.kubernetes.io/managed-by": "form-builder-pipeline", "appGroup": f"fb-{app}"},
        "annotations": annotations,
    }
    if live is not None:
        metadata["resourceVersion"] = text(live, "metadata", "resourceVersion")
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
