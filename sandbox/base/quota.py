"""ResourceQuota: how much a namespace uses, and whether one more object would be too much. Pure.

Upstream: pkg/quota/v1/evaluator/core and the ResourceQuota admission plugin, whose words the refusal uses.
Counted are pods (not the finished ones) with their requests and limits, and the number of objects of any
kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from sandbox.base.kinds import by_kind
from sandbox.base.quantity import parse, show

Object = dict[str, Any]
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_PLAIN_COUNTS = {
    "pods",
    "services",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "replicationcontrollers",
    "resourcequotas",
}


def _spelled(resource: str) -> tuple[str, str] | None:
    """("requests", "cpu") of a compute resource as a quota names it ("cpu" means requests.cpu), else None."""
    side, dot, name = resource.partition(".")
    if resource in _COMPUTE:
        return "requests", resource
    return (side, name) if dot and side in ("requests", "limits") and name != "storage" else None


def _pod_compute(pod: Object, side: str, name: str) -> Fraction:
    """The larger of the sum over containers and the largest init container, plus overhead."""

    def of(container: Object) -> Fraction:
        return parse(((container.get("resources") or {}).get(side) or {}).get(name, 0))

    spec = pod.get("spec") or {}
    together = sum(map(of, spec.get("containers") or []), Fraction(0))
    alone = max(map(of, spec.get("initContainers") or []), default=Fraction(0))
    return max(together, alone) + parse((spec.get("overhead") or {}).get(name, 0))


def _usage(resource: str, obj: Object) -> Fraction:
    """How much of one resource of a quota this object uses."""
    info = by_kind(obj["apiVersion"], obj["kind"])
    if info is None:
        return Fraction(0)
    finished = obj["kind"] == "Pod" and (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    if resource.startswith("count/"):
        return Fraction(resource.removeprefix("count/") == info.resource)
    if resource in _PLAIN_COUNTS:
        return Fraction(resource == info.plural and not info.group and not finished)
    spec = obj.get("spec")
    spec = spec if isinstance(spec, dict) else {}
    if resource == "services.nodeports":
        open_ports = spec.get("ports") or [] if spec.get("type") in ("NodePort", "LoadBalancer") else []
        return Fraction(len(open_ports) if obj["kind"] == "Service" else 0)
    if resource == "services.loadbalancers":
        return Fraction(obj["kind"] == "Service" and spec.get("type") == "LoadBalancer")
    if resource == "requests.storage" and obj["kind"] == "PersistentVolumeClaim":
        return parse(((spec.get("resources") or {}).get("requests") or {}).get("storage", 0))
    compute = _spelled(resource)
    return _pod_compute(obj, *compute) if compute and obj["kind"] == "Pod" and not finished else Fraction(0)


def _best_effort(pod: Object) -> bool:
    spec = pod.get("spec") or {}
    containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    return not any(
        (c.get("resources") or {}).get(side) for c in containers for side in ("requests", "limits")
    )


def _in_scope(quota: Object, obj: Object) -> bool:
    """Whether the quota's scopes cover the object; a quota with scopes covers only pods."""
    scopes = (quota.get("spec") or {}).get("scopes") or []
    if not scopes:
        return True
    if obj["kind"] != "Pod":
        return False
    bounded = (obj.get("spec") or {}).get("activeDeadlineSeconds") is not None
    best = _best_effort(obj)
    holds = {
        "Terminating": bounded,
        "NotTerminating": not bounded,
        "BestEffort": best,
        "NotBestEffort": not best,
    }
    return all(holds.get(scope, False) for scope in scopes)


def used_by(quota: Object, objects: Iterable[Object]) -> dict[str, str]:
    """status.used: for each resource in spec.hard, what these objects of the quota's namespace use."""
    hard = (quota.get("spec") or {}).get("hard") or {}
    totals = {resource: Fraction(0) for resource in hard}
    for obj in objects:
        if _in_scope(quota, obj):
            for resource in totals:
                totals[resource] += _usage(resource, obj)
    return {resource: show(total, like=hard[resource]) for resource, total in totals.items()}


def _unspecified(hard: Iterable[str], pod: Object) -> str:
    """ "limits.cpu for: app; memory for: app": limits that a quota counts must be given by every
    container."""
    containers = [*(pod["spec"].get("containers") or []), *(pod["spec"].get("initContainers") or [])]
    missing = []
    for resource in sorted(hard):
        if compute := _spelled(resource):
            side, name = compute
            bare = sorted(
                c["name"] for c in containers if name not in ((c.get("resources") or {}).get(side) or {})
            )
            missing += [f"{resource} for: {','.join(bare)}"] if bare else []
    return "; ".join(missing)


def quota_violation(
    quota_objects: Iterable[Object], used: Mapping[str, Mapping[str, str]], new_object: Object
) -> str | None:
    """Why the quotas of its namespace do not let this object be created, None when they do.

    ``used`` is, by the quota's name, what ``used_by`` says about the objects there are already.
    """
    for quota in sorted(quota_objects, key=lambda q: str(q["metadata"]["name"])):
        if not _in_scope(quota, new_object):
            continue
        name, hard = quota["metadata"]["name"], (quota.get("spec") or {}).get("hard") or {}
        if new_object["kind"] == "Pod" and (missing := _unspecified(hard, new_object)):
            return f"failed quota: {name}: must specify {missing}"
        asked = {resource: usage for resource in hard if (usage := _usage(resource, new_object))}
        taken = {resource: parse(used.get(name, {}).get(resource, "0")) for resource in asked}
        over = sorted(r for r in asked if taken[r] + asked[r] > parse(hard[r]))
        if over:
            requested = ",".join(f"{r}={show(asked[r], like=hard[r])}" for r in over)
            before = ",".join(f"{r}={show(taken[r], like=hard[r])}" for r in over)
            limited = ",".join(f"{r}={hard[r]}" for r in over)
            return f"exceeded quota: {name}, requested: {requested}, used: {before}, limited: {limited}"
    return None
