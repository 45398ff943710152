"""What was so before a rollout began, and is not its doing: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toolkit.cluster.diagnosis import progress
from toolkit.objects.fields import condition, mapping, number, objects, text, uid

Json = dict[str, Any]
STATUSES = ("initContainerStatuses", "containerStatuses")


def ran(applied: Json) -> bool:
    """Whether the answer to an apply says that nothing had to change, and all of it ran."""
    return progress.stands(applied)


def restarts(pods: Iterable[Json]) -> dict[str, int]:
    """Restart counts of containers that are ready in pods that are, by "<pod uid>/<container>"."""
    return {
        f"{uid(pod)}/{text(status, 'name')}": number(status, "restartCount")
        for pod in pods
        if condition(pod, "Ready").get("status") == "True"
        for key in STATUSES
        for status in objects(pod, "status", key)
        if status.get("ready") is True
    }


def since(pod: Json, before: Mapping[str, int]) -> Json:
    """The pod without the restarts that it had before; the pod itself when it had none."""
    status, name = mapping(pod, "status"), uid(pod)
    changed: dict[str, Any] = {}
    for key in STATUSES:
        old = [before.get(f"{name}/{text(each, 'name')}", 0) for each in objects(status, key)]
        if any(old):
            changed[key] = [
                {**each, "restartCount": max(0, number(each, "restartCount") - count)}
                for each, count in zip(objects(status, key), old, strict=True)
            ]
    return {**pod, "status": {**status, **changed}} if changed else pod
