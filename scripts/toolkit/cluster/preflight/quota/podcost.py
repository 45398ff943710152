"""What one pod counts for in a ResourceQuota. Pure.

https://kubernetes.io/docs/concepts/policy/resource-quotas/ and, for init containers and sidecars,
https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from toolkit.objects.fields import mapping, objects, text
from toolkit.objects.quantity import amount

Json = dict[str, Any]

SIDES = ("requests", "limits")
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
# What a quota on it wants every container to say (Kubernetes: validationSet of the quota's pod evaluator).
_REQUIRED = ("cpu", "memory")


def admitted(template: Json, limit_ranges: Iterable[Json]) -> Json:
    """The pod that a template makes: a limit without a request is the request too, and what a LimitRange
    gives by default is filled in (https://kubernetes.io/docs/concepts/policy/limit-range/)."""
    pod = {"metadata": mapping(template, "metadata"), "spec": copy.deepcopy(mapping(template, "spec"))}
    items = [item for each in limit_ranges for item in objects(each, "spec", "limits")]
    defaults = [item for item in items if item.get("type") == "Container"]
    for container in _containers(pod):
        resources = {side: dict(mapping(container, "resources", side)) for side in SIDES}
        resources["requests"] = {**resources["limits"], **resources["requests"]}
        for item in defaults:
            resources["limits"] = {**mapping(item, "default"), **resources["limits"]}
            resources["requests"] = {**mapping(item, "defaultRequest"), **resources["requests"]}
        container["resources"] = resources
    return pod


def compute(resource: str) -> tuple[str, str] | None:
    """("requests", "cpu") for a compute resource as a quota spells it ("cpu" is requests.cpu), else None."""
    if resource in _COMPUTE:
        return "requests", resource
    side, dot, name = resource.partition(".")
    return (side, name) if dot and side in SIDES and name != "storage" else None


def cost(pod: Json, side: str, name: str) -> Fraction:
    """What a pod asks of a compute resource: its containers together, or more while one of the init
    containers runs; sidecars run beside all of them."""
    together = sum((_of(each, side, name) for each in objects(pod, "spec", "containers")), Fraction(0))
    beside, highest = Fraction(0), Fraction(0)
    for container in objects(pod, "spec", "initContainers"):
        mine = _of(container, side, name)
        if container.get("restartPolicy") == "Always":
            beside += mine
            highest = max(highest, beside)
        else:
            highest = max(highest, beside + mine)
    return max(together + beside, highest) + amount(mapping(pod, "spec", "overhead").get(name))


def stays(pod: Json) -> bool:
    """Whether a pod goes on using what it has: it has neither ended nor been told to go."""
    ended = text(pod, "status", "phase") in ("Succeeded", "Failed")
    return not ended and not text(pod, "metadata", "deletionTimestamp")


def unspecified(pod: Json, resources: Iterable[str]) -> list[str]:
    """ "limits.cpu (container api)": what a quota on these resources wants every container to say."""
    missing = []
    for resource in sorted(resources):
        found = compute(resource)
        if found and found[1] in _REQUIRED:
            side, name = found
            if name in mapping(pod, "spec", "resources", side):
                continue  # said for the pod as a whole
            bare = [text(each, "name") for each in _containers(pod) if name not in each["resources"][side]]
            missing += [f"{resource} (container {', '.join(sorted(bare))})"] if bare else []
    return missing


def in_scope(quota: Json, pod: Json) -> bool:
    """Whether a quota's scopes cover a pod (scopes and scopeSelector, all of which must)."""
    selector = objects(quota, "spec", "scopeSelector", "matchExpressions")
    plain = mapping(quota, "spec").get("scopes")
    for scope in plain if isinstance(plain, list) else []:
        if not _holds(str(scope), "Exists", [], pod):
            return False
    return all(
        _holds(text(each, "scopeName"), text(each, "operator"), each.get("values") or [], pod)
        for each in selector
    )


def is_scoped(quota: Json) -> bool:
    """Whether a quota has scopes: then it covers nothing but pods."""
    return bool(mapping(quota, "spec").get("scopes") or mapping(quota, "spec").get("scopeSelector"))


def _holds(scope: str, operator: str, values: list[Any], pod: Json) -> bool:
    bounded = mapping(pod, "spec").get("activeDeadlineSeconds") is not None
    best = not any(
        amount(value)
        for each in _containers(pod)
        for side in SIDES
        for name, value in mapping(each, "resources", side).items()
        if name in ("cpu", "memory")
    )
    if scope == "PriorityClass":
        priority = text(pod, "spec", "priorityClassName")
        known = {"In": priority in values, "NotIn": priority not in values, "DoesNotExist": not priority}
        return known.get(operator, bool(priority))
    holds = {
        "Terminating": bounded,
        "NotTerminating": not bounded,
        "BestEffort": best,
        "NotBestEffort": not best,
    }
    return holds.get(scope, False)


def _of(container: Json, side: str, name: str) -> Fraction:
    return amount(mapping(container, "resources", side).get(name))


def _containers(pod: Json) -> list[Json]:
    return [*objects(pod, "spec", "initContainers"), *objects(pod, "spec", "containers")]
