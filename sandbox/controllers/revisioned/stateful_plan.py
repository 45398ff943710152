"""The next step of a StatefulSet: which pods to create and which to delete. Pure.

Upstream: updateStatefulSet in pkg/controller/statefulset/stateful_set_control.go. One pod after the other, or
all that can go ahead where podManagementPolicy is Parallel; updates go from the highest ordinal down in both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.base.client import Object
from sandbox.controllers.machinery import objects, pods
from sandbox.controllers.revisioned.history import HASH

_NAME = re.compile(r"(.*)-(\d+)")


@dataclass
class Step:
    """Pods to create, as (ordinal, whether by the update revision), and pods to delete."""

    create: list[tuple[int, bool]] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)


def ordinal(stateful_set: Object, pod: Object) -> int | None:
    """The pod's number in the set, None when its name is not one of the set's."""
    found = _NAME.fullmatch(pod["metadata"]["name"])
    return int(found[2]) if found and found[1] == stateful_set["metadata"]["name"] else None


def first_ordinal(stateful_set: Object) -> int:
    """Where the numbers start."""
    return int((stateful_set["spec"].get("ordinals") or {}).get("start") or 0)


def revision_of(pod: Object) -> str:
    """The name of the revision that a pod was made by."""
    return objects.labels_of(pod).get(HASH, "")


def available(stateful_set: Object, pod: Object, current: datetime) -> bool:
    """Running, ready for minReadySeconds, and not on its way out."""
    least = stateful_set["spec"].get("minReadySeconds") or 0
    return not objects.deleting(pod) and pods.available_in(pod, least, current) == 0


def next_step(stateful_set: Object, children: Sequence[Object], update: str, current: datetime) -> Step:
    """What to do now; ``update`` is the name of the revision that the template has."""
    spec, start = stateful_set["spec"], first_ordinal(stateful_set)
    wanted = range(start, start + spec.get("replicas", 1))
    numbered = {n: pod for pod in children if (n := ordinal(stateful_set, pod)) is not None}
    condemned = [numbered[n] for n in sorted(numbered.keys() - set(wanted), reverse=True)]
    ordered = spec.get("podManagementPolicy") != "Parallel"
    step = Step()
    for n in wanted:
        if _keep(stateful_set, numbered.get(n), n, step, current) and ordered:
            return step
    suffering = [n for n in sorted(numbered) if not available(stateful_set, numbered[n], current)]
    first_unwell = numbered[next((n for n in suffering if n in wanted), suffering[0])] if suffering else None
    for pod in condemned:
        going = objects.deleting(pod)
        if ordered and (going or (not available(stateful_set, pod, current) and pod is not first_unwell)):
            return step
        if not going:
            step.delete.append(pod)
        if ordered:
            return step
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") != "OnDelete":
        lowest = start + ((strategy.get("rollingUpdate") or {}).get("partition") or 0)
        _roll(stateful_set, [numbered.get(n) for n in reversed(wanted) if n >= lowest], update, step, current)
    return step


def _keep(stateful_set: Object, pod: Object | None, n: int, step: Step, current: datetime) -> bool:
    """See to one wanted pod; whether those after it have to wait for it."""
    if pod is None:
        step.create.append((n, by_update(stateful_set, n)))
        return True
    if pods.finished(pod):
        if not objects.deleting(pod):
            step.delete.append(pod)
        return True
    return not available(stateful_set, pod, current)


def by_update(stateful_set: Object, n: int) -> bool:
    """Whether a new pod of this ordinal is made by the update revision, not by the current one."""
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return True
    rolling, start = strategy.get("rollingUpdate"), first_ordinal(stateful_set)
    if rolling is None:
        return n >= start + int((stateful_set.get("status") or {}).get("currentReplicas", 0))
    return n >= start + int(rolling.get("partition") or 0)


def _roll(
    stateful_set: Object, downwards: Sequence[Object | None], update: str, step: Step, current: datetime
) -> None:
    """The highest pod of another revision goes, once all above it are available."""
    for pod in downwards:
        if pod is None or pod in step.delete:
            return
        if revision_of(pod) != update and not objects.deleting(pod):
            step.delete.append(pod)
            return
        if not available(stateful_set, pod, current):
            return


def status_of(
    stateful_set: Object, children: Sequence[Object], now_at: str, update: str, current: datetime
) -> Object:
    """The status for these pods; ``now_at`` is the current revision's name until the update is complete."""
    spec, old = stateful_set["spec"], stateful_set.get("status") or {}
    staying = [pod for pod in children if not objects.deleting(pod)]
    ready = [pod for pod in children if pods.phase(pod) == "Running" and pods.ready(pod)]
    least, size = spec.get("minReadySeconds") or 0, spec.get("replicas", 1)
    counts = {
        "replicas": len(children),
        "readyReplicas": len(ready),
        "availableReplicas": sum(pods.available_in(pod, least, current) == 0 for pod in ready),
        "currentReplicas": sum(revision_of(pod) == now_at for pod in staying),
        "updatedReplicas": sum(revision_of(pod) == update for pod in staying),
    }
    rolling = (spec.get("updateStrategy") or {}).get("type") != "OnDelete"
    done = counts["updatedReplicas"] == counts["readyReplicas"] == counts["replicas"] == size
    if rolling and done:
        now_at, counts["currentReplicas"] = update, counts["updatedReplicas"]
    kept = {name: n for name, n in counts.items() if n or name in ("replicas", "availableReplicas")}
    return kept | {
        "observedGeneration": stateful_set["metadata"].get("generation", 0),
        "currentRevision": now_at,
        "updateRevision": update,
        "collisionCount": old.get("collisionCount", 0),
    }
