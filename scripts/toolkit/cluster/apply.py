"""Server-side apply of an app's objects, in the order in which they need each other."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from toolkit.cluster.connection import FIELD_MANAGER, Connection
from toolkit.cluster.errors import ApiError
from toolkit.cluster.fields import mapping, objects, shown, text
from toolkit.cluster.resources import built_in
from toolkit.outcome import Failed

Json = dict[str, Any]

# What something else refers to comes first; Jobs (migrations) run before the workloads that need their work.
_EARLY = (
    *("Namespace", "ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"),
    *("ConfigMap", "Secret", "PersistentVolumeClaim", "Service"),
)
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
JOB = "Job"


def phases(found: Iterable[Json]) -> tuple[list[Json], list[Json], list[Json]]:
    """What comes before the Jobs, the Jobs, and the rest (workloads first)."""
    everything = list(found)
    early = [obj for kind in _EARLY for obj in everything if obj["kind"] == kind]
    jobs = [obj for obj in everything if obj["kind"] == JOB]
    workloads = [obj for kind in WORKLOADS for obj in everything if obj["kind"] == kind]
    rest = [obj for obj in everything if obj["kind"] not in (*_EARLY, *WORKLOADS, JOB)]
    return early, jobs, workloads + rest


def apply(
    connection: Connection,
    found: Sequence[Json],
    *,
    scaled: frozenset[str] = frozenset(),
    force: bool = False,
) -> list[Json]:
    """Apply the objects in this order; what the API server made of each.

    scaled names the Deployments whose replicas an autoscaler owns: theirs are left alone. Raises Failed with
    a sentence per field that belongs to another manager, for all objects at once; force takes them over.
    """
    applied: list[Json] = []
    conflicts: list[str] = []
    for obj in found:
        if obj["kind"] == "Deployment" and text(obj, "metadata", "name") in scaled:
            obj = _without_replicas(connection, obj)
        path = connection.path_of(obj)
        try:
            applied.append(connection.apply(path, obj, force=force))
        except ApiError as error:
            if error.status == 409 and error.causes:
                conflicts += [f"{shown(obj)}: {_conflict(cause)}" for cause in error.causes]
            elif obj["kind"] == JOB and error.status == 422:
                applied.append(_replace_job(connection, path, obj))
            else:
                raise
    if conflicts:
        raise Failed(
            f"{len(conflicts)} field(s) belong to another manager: {conflicts[0]}",
            remedy="undo that change by hand, or take the fields over with --force-conflicts",
            evidence=conflicts,
        )
    return applied


def autoscaled(connection: Connection, namespace: str, found: Iterable[Json]) -> frozenset[str]:
    """The names of the Deployments that an autoscaler targets, in the cluster or among these objects."""
    scalers = [obj for obj in found if obj.get("kind") == "HorizontalPodAutoscaler"]
    try:
        live = connection.list(built_in("HorizontalPodAutoscaler").path(namespace))
        scalers += objects(live, "items")
    except ApiError as error:
        if error.status not in (403, 404):  # not ours to read, or not served: then nobody scales for us
            raise
    targets = [mapping(scaler, "spec", "scaleTargetRef") for scaler in scalers]
    return frozenset(text(target, "name") for target in targets if target.get("kind") == "Deployment")


def _without_replicas(connection: Connection, obj: Json) -> Json:
    """The Deployment without replicas; but with the live number while nobody else owns the field.

    Dropping a field that only we own would reset it to 1 (Kubernetes: server-side apply, "Transferring
    ownership").
    """
    live = connection.find(connection.path_of(obj))
    changed = copy.deepcopy(obj)
    if live is None:
        return changed
    changed["spec"].pop("replicas", None)
    owners = {
        text(entry, "manager")
        for entry in objects(live, "metadata", "managedFields")
        if "f:replicas" in mapping(entry, "fieldsV1", "f:spec")
    }
    if owners == {FIELD_MANAGER}:
        changed["spec"]["replicas"] = live["spec"].get("replicas", 1)
    return changed


def _replace_job(connection: Connection, path: str, obj: Json) -> Json:
    """A Job's template cannot change; a Job that ended is replaced by the new one."""
    live = connection.get(path)
    if mapping(live, "status").get("active"):
        raise Failed(
            f"{shown(obj)} of an earlier deployment still runs and cannot be changed",
            remedy="wait for it to end, or delete it, and deploy again",
        )
    uid = text(live, "metadata", "uid")
    connection.delete(path, uid=uid)
    connection.wait_gone(path, uid)
    return connection.apply(path, obj)


def _conflict(cause: Json) -> str:
    """conflict with "kubectl" using apps/v1 (.spec.replicas) -> a sentence."""
    field = text(cause, "field").lstrip(".")
    said = text(cause, "message")
    manager = said.split('"')[1] if said.count('"') >= 2 else said
    return f'{field} belongs to "{manager}"'
