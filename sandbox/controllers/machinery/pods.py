"""Questions about pods that several controllers ask. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sandbox.base.client import Object
from sandbox.controllers.machinery import objects


def phase(pod: Object) -> str:
    """status.phase, Pending before the node has said anything."""
    return str((pod.get("status") or {}).get("phase") or "Pending")


def finished(pod: Object) -> bool:
    """Succeeded or Failed: its containers will not run again."""
    return phase(pod) in ("Succeeded", "Failed")


def active(pod: Object) -> bool:
    """Counts as a replica: not finished and not asked to go (upstream's IsPodActive)."""
    return not finished(pod) and not objects.deleting(pod)


def ready(pod: Object) -> bool:
    """Its Ready condition is True."""
    found = objects.condition(pod, "Ready")
    return found is not None and found["status"] == "True"


def available_in(pod: Object, min_ready_seconds: int, current: datetime) -> float | None:
    """Seconds until it has been ready for min_ready_seconds: 0 when available, None while not ready."""
    found = objects.condition(pod, "Ready")
    if found is None or found["status"] != "True":
        return None
    if not min_ready_seconds:
        return 0.0
    since = found.get("lastTransitionTime")
    return max(0.0, min_ready_seconds - objects.seconds_since(since, current)) if since else None


def next_look(owner: Object, children: Iterable[Object], current: datetime) -> float | None:
    """Seconds until the next ready pod counts as available by the owner's minReadySeconds, None when there is
    none to wait for."""
    least = owner["spec"].get("minReadySeconds") or 0
    waits = [wait for pod in children if (wait := available_in(pod, least, current))]
    return min(waits) + 0.01 if waits else None


def restarts(pod: Object) -> int:
    """The most restarts that any of its containers has had."""
    return max(
        (c.get("restartCount", 0) for c in (pod.get("status") or {}).get("containerStatuses") or []),
        default=0,
    )


def deletion_order(pods: Iterable[Object], crowd: dict[str, int]) -> list[Object]:
    """Whom to delete first, as upstream's ActivePodsWithRanks: unassigned, pending, not ready, cheap to
    delete (controller.kubernetes.io/pod-deletion-cost), on crowded nodes (``crowd``: replicas by node name),
    ready for the shortest time, restarted most, youngest. Times compare on a logarithmic scale upstream; here
    exactly.
    """

    def rank(pod: Object) -> tuple[Any, ...]:
        spec, seen = pod["spec"], objects.condition(pod, "Ready")
        ready_since = objects.moment(seen["lastTransitionTime"]).timestamp() if ready(pod) and seen else 0.0
        cost = objects.annotations_of(pod).get("controller.kubernetes.io/pod-deletion-cost", "0")
        return (
            bool(spec.get("nodeName")),
            {"Pending": 0, "Unknown": 1}.get(phase(pod), 2),
            ready(pod),
            int(cost) if cost.lstrip("-").isdigit() else 0,
            -crowd.get(spec.get("nodeName", ""), 0),
            -ready_since,
            -restarts(pod),
            -objects.moment(pod["metadata"]["creationTimestamp"]).timestamp(),
        )

    return sorted(pods, key=rank)
