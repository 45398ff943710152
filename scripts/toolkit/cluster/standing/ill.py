"""Workloads that did not stand before a restart released them: what their pods do is not its doing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from toolkit.cluster.api.connection import Connection
from toolkit.cluster.release import releases
from toolkit.cluster.release.releases import Release
from toolkit.objects.fields import name, objects, text
from toolkit.settings.model import App

Json = dict[str, Any]
Workload = tuple[str, str]
MARK = "restart.form-builder/ill-before"
"""Annotation of an object as it is on record, not of the workload."""


def before(connection: Connection, app: App, namespace: str, release: Release) -> frozenset[Workload]:
    """Kind and name of each of them."""
    if not app.restart:
        return frozenset()
    kept = releases.objects_of(connection, namespace, app.name, release) or []
    return frozenset((text(each, "kind"), name(each)) for each in kept if is_marked(each))


def is_marked(recorded: Json) -> bool:
    """Whether a workload did not stand before."""
    return bool(text(recorded, "metadata", "annotations", MARK))


def without(pods: Iterable[Json], ill: frozenset[Workload]) -> list[Json]:
    """The pods of all others."""
    return [pod for pod in pods if not ill or workload_of(pod) not in ill]


def workload_of(pod: Json) -> Workload:
    """Kind and name of the workload that a pod belongs to; a Deployment's by the name of its ReplicaSet."""
    for each in objects(pod, "metadata", "ownerReferences"):
        if each.get("controller") is True:
            kind, owner = text(each, "kind"), text(each, "name")
            mark = text(pod, "metadata", "labels", "pod-template-hash")
            if kind == "ReplicaSet" and mark:
                return "Deployment", owner.removesuffix(f"-{mark}")
            return kind, owner
    return "", ""
