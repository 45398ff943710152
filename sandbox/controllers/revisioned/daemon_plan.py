"""Where a DaemonSet's pods belong, and the next step of it. Pure.

Upstream: pkg/controller/daemon, its rolling update in update.go.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.base.client import Object
from sandbox.controllers.machinery import nodes, objects, pods
from sandbox.controllers.revisioned.history import HASH

_EXECUTE = ("not-ready", "unreachable")
_SCHEDULE = ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")


@dataclass
class Step:
    """Nodes that get a pod, by name, and pods that go."""

    create: list[str] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)


def tolerations() -> list[Object]:
    """What every pod of a DaemonSet tolerates: a node that is not well, or closed to others."""
    rows = [(name, "NoExecute") for name in _EXECUTE] + [(name, "NoSchedule") for name in _SCHEDULE]
    return [{"key": f"node.kubernetes.io/{k}", "operator": "Exists", "effect": e} for k, e in rows]


def pinned(spec: Object, node: str) -> Object:
    """A pod spec that the scheduler can give to that node only, and that tolerates what daemons do."""
    field_term = {"key": "metadata.name", "operator": "In", "values": [node]}
    affinity = spec.get("affinity") or {}
    near = affinity.get("nodeAffinity") or {}
    key = "requiredDuringSchedulingIgnoredDuringExecution"
    terms = [{"matchFields": [field_term]}]
    pinned_affinity = {**affinity, "nodeAffinity": {**near, key: {"nodeSelectorTerms": terms}}}
    return {
        **spec,
        "affinity": pinned_affinity,
        "tolerations": [*(spec.get("tolerations") or []), *tolerations()],
    }


def node_of(pod: Object) -> str:
    """The node that a pod runs on or was made for."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    near = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = near.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or []:
        for rule in term.get("matchFields") or []:
            if rule.get("key") == "metadata.name" and len(rule.get("values") or []) == 1:
                return str(rule["values"][0])
    return ""


def belongs(daemon_set: Object, node: Object) -> tuple[bool, bool]:
    """(whether a pod should run on the node, whether one that is there may stay)."""
    spec = daemon_set["spec"]["template"]["spec"]
    borne = [*(spec.get("tolerations") or []), *tolerations()]
    if not nodes.affine({"spec": spec}, node) or spec.get("nodeName") not in (None, node["metadata"]["name"]):
        return False, False
    taints = (node.get("spec") or {}).get("taints") or []
    hard = [taint for taint in taints if not nodes.tolerated(taint, borne)]
    stays = not any(taint["effect"] == "NoExecute" for taint in hard)
    return stays and not any(taint["effect"] == "NoSchedule" for taint in hard), stays


def by_node(children: Iterable[Object]) -> dict[str, list[Object]]:
    """Pods by the node they belong to, the oldest first."""
    found: defaultdict[str, list[Object]] = defaultdict(list)
    for pod in sorted(children, key=lambda p: (p["metadata"]["creationTimestamp"], p["metadata"]["name"])):
        found[node_of(pod)].append(pod)
    return found


def next_step(
    daemon_set: Object, known: Mapping[str, Object], children: Sequence[Object], new: str, current: datetime
) -> Step:
    """What to do now. ``known`` are the nodes by name, ``new`` is the hash of the template as it is."""
    step, placed = Step(), by_node(children)
    surge = _rolling(daemon_set) and _share(daemon_set, "maxSurge", 0, 100) > 0
    wanted: dict[str, list[Object]] = {}
    for name, node in known.items():
        here, (run, stay) = placed.get(name, []), belongs(daemon_set, node)
        ended = [pod for pod in here if pods.finished(pod)]
        if not run:
            step.delete += [] if stay else [pod for pod in here if not objects.deleting(pod)]
            continue
        wanted[name] = here
        step.delete += [pod for pod in ended if not objects.deleting(pod)]
        alive = [pod for pod in here if pod not in ended and not objects.deleting(pod)]
        if not here:
            step.create.append(name)
        step.delete += alive[1:] if not surge else [p for p in alive[1:] if _hash(p) == _hash(alive[0])]
    for name in placed.keys() - known.keys():  # the node is gone
        step.delete += [pod for pod in placed[name] if not objects.deleting(pod)]
    if _rolling(daemon_set) and not step.create and not step.delete:
        _roll(daemon_set, wanted, new, step, current)
    return step


def _rolling(daemon_set: Object) -> bool:
    return (daemon_set["spec"].get("updateStrategy") or {}).get("type") != "OnDelete"


def _share(daemon_set: Object, name: str, default: int, whole: int) -> int:
    rolling = (daemon_set["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    value = rolling.get(name, default)
    return math.ceil(int(value[:-1]) * whole / 100) if isinstance(value, str) else int(value)


def _hash(pod: Object) -> str:
    return objects.labels_of(pod).get(HASH, "")


def _roll(
    daemon_set: Object, placed: Mapping[str, list[Object]], new: str, step: Step, current: datetime
) -> None:
    """Replace old pods: those that are not available at once, the others as far as the strategy allows."""
    least, whole = daemon_set["spec"].get("minReadySeconds") or 0, len(placed)
    surge = _share(daemon_set, "maxSurge", 0, whole)
    allowed = surge or _share(daemon_set, "maxUnavailable", 1, whole)
    taken, candidates = 0, []
    for node, here in placed.items():
        old = next((p for p in here if _hash(p) != new), None)
        fresh = next((p for p in here if _hash(p) == new), None)
        fresh_well = fresh is not None and _available(fresh, least, current)
        if old is None or objects.deleting(old):
            taken += not fresh_well
        elif fresh is not None:
            if fresh_well:
                step.delete.append(old)
            else:
                taken += 1
        elif not _available(old, least, current):
            step.create += [node] if surge else []
            step.delete += [] if surge else [old]
        else:
            candidates.append((node, old))
    for node, old in candidates[: max(0, allowed - taken)]:
        step.create += [node] if surge else []
        step.delete += [] if surge else [old]


def _available(pod: Object, least: int, current: datetime) -> bool:
    return not objects.deleting(pod) and pods.available_in(pod, least, current) == 0


def status_of(
    daemon_set: Object, known: Mapping[str, Object], children: Sequence[Object], new: str, current: datetime
) -> Object:
    """The status for these pods on these nodes."""
    least = daemon_set["spec"].get("minReadySeconds") or 0
    desired = scheduled = strays = ready = available = updated = 0
    placed = by_node(children)
    for name, node in known.items():
        here = placed.get(name, [])
        if not belongs(daemon_set, node)[0]:
            strays += bool(here)
            continue
        desired += 1
        scheduled += bool(here)
        ready += any(pods.ready(pod) for pod in here)
        available += any(pods.available_in(pod, least, current) == 0 for pod in here)
        updated += any(_hash(pod) == new and not objects.deleting(pod) for pod in here)
    counts = {"updatedNumberScheduled": updated, "numberAvailable": available}
    counts["numberUnavailable"] = desired - available
    return {
        "currentNumberScheduled": scheduled,
        "desiredNumberScheduled": desired,
        "numberMisscheduled": strays,
        "numberReady": ready,
        "observedGeneration": daemon_set["metadata"].get("generation", 0),
        **{name: count for name, count in counts.items() if count},
    }
