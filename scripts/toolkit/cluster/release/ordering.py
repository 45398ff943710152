"""In which order an app's objects are applied: what others need comes first. Pure, but for check_kinds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from toolkit.base.outcome import Misused, Refused
from toolkit.cluster.api.connection import Connection
from toolkit.objects.fields import mapping, shown, text
from toolkit.objects.resources import WIDE, WIDE_REMEDY, group_of, is_cluster_wide, is_own_group

Json = dict[str, Any]

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
JOB = "Job"

# Kinds of one row do not need each other; a row may need those above it. Pods must find their policies,
# identity, configuration and Services (whose addresses are in their environment) when they start.
_FIRST: tuple[tuple[str, ...], ...] = (
    ("Namespace",),
    (
        *("NetworkPolicy", "ResourceQuota", "LimitRange", "PodDisruptionBudget"),
        *("ServiceAccount", "Role", "ClusterRole", "ConfigMap", "Secret", "PersistentVolumeClaim"),
    ),
    ("RoleBinding", "ClusterRoleBinding", "Service"),
)
_WORKLOADS = (*WORKLOADS, "ReplicaSet", "ReplicationController", "Pod")
# What acts on workloads or leads to them: no use before they are there.
_LAST = ("HorizontalPodAutoscaler", "CronJob", "Ingress")

_OTHERS = len(_FIRST)  # custom kinds; one may make the Secret that a pod waits for
_JOBS, _RUNNING, _AFTER = _OTHERS + 1, _OTHERS + 2, _OTHERS + 3
_RANKS = {
    **{kind: rank for rank, row in enumerate(_FIRST) for kind in row},
    **dict.fromkeys(_WORKLOADS, _RUNNING),
    **dict.fromkeys(_LAST, _AFTER),
    JOB: _JOBS,
}
_PLACES = {kind: place for place, kind in enumerate([kind for row in _FIRST for kind in row])}
_PLACES |= {kind: place for place, kind in enumerate(_WORKLOADS)}


def rank(obj: Json) -> int:
    """Objects of a lower rank are applied first; those of one rank do not need each other."""
    if runs_once(obj):
        return _JOBS
    known = None if is_custom(text(obj, "apiVersion")) else _RANKS.get(text(obj, "kind"))
    if known is not None:
        return known
    acts_on_another = mapping(obj, "spec", "scaleTargetRef") or mapping(obj, "spec", "targetRef")
    return _AFTER if acts_on_another else _OTHERS


def runs_once(obj: Json) -> bool:
    """Whether it is a Job, or a Pod that is over when its work is done: these go before the workloads."""
    kind = text(obj, "kind")
    is_over = kind == "Pod" and text(obj, "spec", "restartPolicy") in ("Never", "OnFailure")
    return (kind == JOB or is_over) and not is_custom(text(obj, "apiVersion"))


def phases(found: Iterable[Json]) -> tuple[list[Json], list[Json], list[Json]]:
    """What comes before the Jobs (migrations), the Jobs, and the rest: workloads, then what acts on them."""
    everything = sorted(found, key=lambda obj: (rank(obj), _PLACES.get(text(obj, "kind"), 0)))
    early = [obj for obj in everything if rank(obj) < _JOBS]
    jobs = [obj for obj in everything if rank(obj) == _JOBS]
    return early, jobs, [obj for obj in everything if rank(obj) > _JOBS]


def rows(found: Iterable[Json]) -> Iterator[list[Json]]:
    """Objects that are in order, cut into those that may be applied side by side."""
    return (list(row) for _, row in groupby(found, key=rank))


def check_kinds(connection: Connection, found: Iterable[Json]) -> None:
    """Raises Misused with every object whose kind this cluster does not serve, and Refused with every one
    that belongs to the whole cluster, before anything is applied.

    Kinds of Kubernetes itself that the toolkit knows are taken for granted, custom ones are looked up.
    """
    unknown: list[str] = []
    wide: list[Json] = []
    for obj in found:
        version, kind = text(obj, "apiVersion"), text(obj, "kind")
        try:
            if is_wide(connection, obj):
                wide.append(obj)
            elif is_custom(version):
                connection.resource(version, kind, ask=True)
        except Misused:
            unknown.append(f"{shown(obj)}: the kind {kind} of {version} is not served")
    refuse_wide(wide)
    if unknown:
        raise Misused(
            f"cluster {connection.cluster.name}: {unknown[0]}",
            remedy="correct apiVersion and kind, or have its CustomResourceDefinition installed",
            evidence=unknown,
        )


def is_custom(api_version: str) -> bool:
    """Whether a group is not Kubernetes' own."""
    return not is_own_group(group_of(api_version))


def is_wide(connection: Connection, obj: Json) -> bool:
    """Whether an object's kind belongs to the whole cluster, as the cluster itself tells where it has to be
    asked. Raises Misused for a kind that it does not serve."""
    version, kind = text(obj, "apiVersion"), text(obj, "kind")
    known = is_cluster_wide(version, kind)
    return not connection.resource(version, kind).namespaced if known is None else known


def refuse_wide(found: Sequence[Json]) -> None:
    """Raises Refused with these objects by name, unless there are none."""
    if found:
        lines = [f"{shown(obj)} {WIDE}" for obj in found]
        raise Refused("; ".join(lines), remedy=WIDE_REMEDY, evidence=lines)
