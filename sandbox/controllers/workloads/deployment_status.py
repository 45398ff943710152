"""What a Deployment's status says about its ReplicaSets: counts, conditions, progress. Pure.

Reasons and messages are upstream's (pkg/controller/deployment: progress.go, sync.go;
util/deployment_util.go).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandbox.base.client import Object
from sandbox.controllers.machinery import objects
from sandbox.controllers.machinery.objects import Condition
from sandbox.controllers.workloads.rolling import Strategy, strategy

CREATED, FOUND, UPDATED = "NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated"
AVAILABLE, TIMED_OUT, CREATE_FAILED = (
    "NewReplicaSetAvailable",
    "ProgressDeadlineExceeded",
    "ReplicaSetCreateError",
)
PAUSED, RESUMED = "DeploymentPaused", "DeploymentResumed"
NO_DEADLINE = 2**31 - 1  # upstream takes the largest int32 for "never", as absence


def plan_of(deployment: Object) -> Strategy:
    """Its desired replicas and what the strategy lets a rollout add or take away (Recreate: nothing)."""
    spec = deployment["spec"]
    chosen = spec.get("strategy") or {}
    if chosen.get("type", "RollingUpdate") != "RollingUpdate":
        return Strategy(spec["replicas"], 0, 0)
    limits = chosen.get("rollingUpdate") or {}
    return strategy(spec["replicas"], limits.get("maxSurge", "25%"), limits.get("maxUnavailable", "25%"))


def has_deadline(deployment: Object) -> bool:
    """Whether lack of progress is ever reported."""
    return deployment["spec"].get("progressDeadlineSeconds") not in (None, NO_DEADLINE)


def condition(kind: str, status: str, reason: str, message: str, current: datetime) -> Condition:
    """A DeploymentCondition as of now."""
    time = objects.stamp(current)
    named = {"type": kind, "status": status, "reason": reason, "message": message}
    return {**named, "lastUpdateTime": time, "lastTransitionTime": time}


def pause_condition(deployment: Object, current: datetime) -> Condition | None:
    """What Progressing says when it was just paused or resumed: a pause is no lack of progress."""
    seen = objects.condition(deployment, "Progressing")
    if not has_deadline(deployment) or (seen and seen["reason"] == TIMED_OUT):
        return None
    noted, paused = bool(seen and seen["reason"] == PAUSED), bool(deployment["spec"].get("paused"))
    if paused and not noted:
        return condition("Progressing", "Unknown", PAUSED, "Deployment is paused", current)
    if noted and not paused:
        return condition("Progressing", "Unknown", RESUMED, "Deployment is resumed", current)
    return None


def _total(sets: Sequence[Object], count: str) -> int:
    return sum((each.get("status") or {}).get(count, 0) for each in sets)


def counted(deployment: Object, new: Object | None, old: Sequence[Object], current: datetime) -> Object:
    """The status with new counts (zeros left out) and Available; the other conditions as they were."""
    before = deployment.get("status") or {}
    sets = [*old, *([new] if new else [])]
    available = _total(sets, "availableReplicas")
    counts = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": _total(sets, "replicas"),
        "updatedReplicas": _total([new] if new else [], "replicas"),
        "readyReplicas": _total(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(s["spec"]["replicas"] for s in sets) - available),
        "collisionCount": before.get("collisionCount", 0),
    }
    plan = plan_of(deployment)
    enough = available >= plan.desired - plan.unavailable
    verdict = condition(
        "Available",
        "True" if enough else "False",
        "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        f"Deployment {'has' if enough else 'does not have'} minimum availability.",
        current,
    )
    conditions = objects.with_condition(before.get("conditions") or [], verdict)
    return {name: count for name, count in counts.items() if count} | {"conditions": conditions}


def complete(deployment: Object, status: Object) -> bool:
    """Every replica is of the newest template and available, no old one is left, the spec has been seen."""
    desired = deployment["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")]
    seen = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    return counts == [desired] * 3 and seen


def progressing(before: Object, after: Object) -> bool:
    """Whether anything got better: more updated, fewer old, more ready or more available replicas."""

    def old(status: Object) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    better = any(
        after.get(n, 0) > before.get(n, 0) for n in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
    return better or old(after) < old(before)


def deadline_in(deployment: Object, current: datetime) -> float | None:
    """Seconds until its lack of progress is to be reported, negative when overdue, None when it never is."""
    seen = objects.condition(deployment, "Progressing")
    if not has_deadline(deployment) or seen is None or seen["reason"] == AVAILABLE:
        return None
    waited = objects.seconds_since(seen["lastUpdateTime"], current)
    return float(deployment["spec"]["progressDeadlineSeconds"] - waited)


def rolled(deployment: Object, status: Object, new: Object | None, current: datetime) -> Object:
    """``status`` (of ``counted``) with what there is to say of progress: done, moving, or overdue."""
    conditions = status["conditions"]
    if not has_deadline(deployment):
        return {**status, "conditions": objects.without_condition(conditions, "Progressing")}
    seen = objects.condition(deployment, "Progressing")
    all_new = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    if seen and seen["reason"] == AVAILABLE and all_new:
        return status  # no rollout under way; a lost pod is not lack of progress
    who = (
        f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{deployment["metadata"]["name"]}"'
    )

    def verdict(value: str, reason: str, message: str) -> Condition:
        return condition("Progressing", value, reason, f"{who} {message}", current)

    if complete(deployment, status):
        conditions = objects.with_condition(
            conditions, verdict("True", AVAILABLE, "has successfully progressed.")
        )
    elif progressing(deployment.get("status") or {}, status):
        moved = verdict("True", UPDATED, "is progressing.")
        if seen and seen["status"] == "True":
            moved["lastTransitionTime"] = seen["lastTransitionTime"]
        conditions = [*objects.without_condition(conditions, "Progressing"), moved]
    elif overdue(deployment, current):
        conditions = objects.with_condition(
            conditions, verdict("False", TIMED_OUT, "has timed out progressing.")
        )
    return {**status, "conditions": conditions}


def overdue(deployment: Object, current: datetime) -> bool:
    """Whether the progress deadline has passed."""
    left = deadline_in(deployment, current)
    return left is not None and left < 0


def with_failures(status: Object, new: Object | None, old: Sequence[Object]) -> Object:
    """The status with the ReplicaFailure of the new set, else of an old one, else without one."""
    found: list[dict[str, Any]] = []
    for each in [*([new] if new else []), *old]:
        if failure := objects.condition(each, "ReplicaFailure"):
            found.append(failure)
    conditions = status["conditions"]
    if not found:
        return {**status, "conditions": objects.without_condition(conditions, "ReplicaFailure")}
    failure = {**found[0], "lastUpdateTime": found[0]["lastTransitionTime"]}
    return {**status, "conditions": objects.with_condition(conditions, failure)}
