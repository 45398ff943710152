"""StatefulSets and DaemonSets: objects in, findings and progress out. Pure, and never an exception.

The rules of `kubectl rollout status` (kubectl/pkg/polymorphichelpers/rollout_status.go), but for OnDelete, of
which kubectl has nothing to say: there pods become new ones only when somebody deletes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toolkit.cluster.diagnosis.diagnosis import of_pods, pods_of, ready_pods, refused
from toolkit.cluster.diagnosis.finding import Cause, Finding, Severity, ordered, waiting, within
from toolkit.objects.fields import at, mapping, name, number, shown, text, uid

Json = dict[str, Any]

# On pods: which revision they are of (apps/v1: StatefulSetRevisionLabel, DefaultDaemonSetUniqueLabelKey).
REVISION_LABEL = "controller-revision-hash"
# The API server counts a DaemonSet's templates; its controller puts the number on the pods (apps/v1:
# DeprecatedTemplateGeneration). Deprecated, and still the only way to tell the newest pods from a status.
TEMPLATE_NOTE = "deprecated.daemonset.template.generation"
TEMPLATE_LABEL = "pod-template-generation"
_PATIENCE = 10.0


def of_stateful_set(live: Any, pods: Iterable[Any], events: Mapping[str, list[Json]]) -> list[Finding]:
    """Findings about a StatefulSet and the pods of its update revision."""
    me = shown({"kind": "StatefulSet", "metadata": mapping(live, "metadata")})
    if not is_observed(live):
        return [waiting(Cause.STARTING, me, "waits for the StatefulSet controller")]
    known = list(pods)
    mine = stateful_set_pods(live, known) or []
    missing = number(live, "status", "replicas") < number(live, "spec", "replicas", default=1)
    found = of_pods(mine, events) + (_creation(live, me, events) if missing else [])
    if not waits_for_deletion(live) and text(live, "spec", "podManagementPolicy") != "Parallel":
        found += [_blocks(pod) for pod in pods_of(live, known) if pod not in mine and not ready_pods([pod])]
    return ordered(within(found, live))


def of_daemon_set(live: Any, pods: Iterable[Any], events: Mapping[str, list[Json]]) -> list[Finding]:
    """Findings about a DaemonSet and the pods of its newest template."""
    me = shown({"kind": "DaemonSet", "metadata": mapping(live, "metadata")})
    if not is_observed(live):
        return [waiting(Cause.STARTING, me, "waits for the DaemonSet controller")]
    desired = number(live, "status", "desiredNumberScheduled")
    missing = number(live, "status", "currentNumberScheduled") < desired
    found = of_pods(daemon_set_pods(live, pods) or [], events)
    return ordered(within(found + (_creation(live, me, events) if missing else []), live))


def stateful_set_pods(live: Any, pods: Iterable[Any]) -> list[Json] | None:
    """The pods of the update revision; None while the controller has not seen the newest template."""
    revision = text(live, "status", "updateRevision")
    if not revision or not is_observed(live):
        return None
    return [pod for pod in pods_of(live, pods) if _label(pod, REVISION_LABEL) == revision]


def daemon_set_pods(live: Any, pods: Iterable[Any]) -> list[Json] | None:
    """The pods of the newest template; None when they cannot be told from the others.

    Where nobody counts the templates, the status tells once all of them are of the newest one.
    """
    template = text(live, "metadata", "annotations", TEMPLATE_NOTE)
    if not template:
        mine = pods_of(live, pods)
        all_are = is_observed(live) and number(live, "status", "updatedNumberScheduled") >= len(mine)
        return mine if all_are else None
    return [pod for pod in pods_of(live, pods) if _label(pod, TEMPLATE_LABEL) == template]


def stateful_set_wanted(live: Any) -> int:
    """How many pods of the update revision there are to be: those below a partition stay as they are."""
    replicas = number(live, "spec", "replicas", default=1)
    partition = number(live, "spec", "updateStrategy", "rollingUpdate", "partition")
    return 0 if waits_for_deletion(live) else max(0, replicas - partition)


def daemon_set_wanted(live: Any) -> int:
    """How many pods of the newest template there are to be: one on each node that is to have one."""
    return 0 if waits_for_deletion(live) else number(live, "status", "desiredNumberScheduled")


def stateful_set_complete(live: Any) -> bool:
    """Whether a StatefulSet's status says that it is what was asked for."""
    status = mapping(live, "status")
    if not is_observed(live) or number(status, "readyReplicas") < number(live, "spec", "replicas", default=1):
        return False
    if waits_for_deletion(live):
        return True
    if at(live, "spec", "updateStrategy", "rollingUpdate") is None:
        return text(status, "updateRevision") == text(status, "currentRevision")
    return number(status, "updatedReplicas") >= stateful_set_wanted(live)


def daemon_set_complete(live: Any) -> bool:
    """Whether a DaemonSet's status says that it is what was asked for."""
    status = mapping(live, "status")
    if not is_observed(live):
        return False
    desired = number(status, "desiredNumberScheduled")
    updated = waits_for_deletion(live) or number(status, "updatedNumberScheduled") >= desired
    return updated and number(status, "numberAvailable") >= desired


def stateful_set_line(live: Any) -> str:
    """How far a StatefulSet is: "2 of 3 updated, 2 of 3 ready"."""
    replicas = number(live, "spec", "replicas", default=1)
    ready = f"{number(live, 'status', 'readyReplicas')} of {replicas} ready"
    if waits_for_deletion(live):
        return f"{ready}; OnDelete: its pods become new ones only when they are deleted"
    wanted = stateful_set_wanted(live)
    stay = f" (partition: {replicas - wanted} stay as they are)" if wanted < replicas else ""
    updated = min(number(live, "status", "updatedReplicas"), wanted)
    return f"{updated} of {wanted} updated{stay}, {ready}"


def daemon_set_line(live: Any) -> str:
    """How far a DaemonSet is: "1 of 2 updated, 2 of 2 available"."""
    status = mapping(live, "status")
    desired = number(status, "desiredNumberScheduled")
    available = f"{number(status, 'numberAvailable')} of {desired} available"
    if waits_for_deletion(live):
        return f"{available}; OnDelete: its pods become new ones only when they are deleted"
    return f"{number(status, 'updatedNumberScheduled')} of {desired} updated, {available}"


def is_observed(live: Any) -> bool:
    """Whether its controller has seen the object as it is."""
    seen = number(live, "status", "observedGeneration")
    return seen > 0 and seen >= number(live, "metadata", "generation")


def waits_for_deletion(live: Any) -> bool:
    """Whether the update strategy is OnDelete: old pods stay until somebody deletes them."""
    return text(live, "spec", "updateStrategy", "type") == "OnDelete"


def _creation(live: Any, me: str, events: Mapping[str, list[Json]]) -> list[Finding]:
    """Pods that the API server does not let the controller create. There is no condition, only events.

    They outlive their reason by an hour: the last one decides, and even then what it says has to stay true.
    """
    tried = [
        event
        for event in events.get(uid(live), [])
        if text(event, "reason") in ("FailedCreate", "SuccessfulCreate")
    ]
    if not tried or text(tried[-1], "reason") != "FailedCreate":
        return []
    found = refused(me, text(tried[-1], "message"))
    return [found.as_suspicious(_PATIENCE) if found.severity is Severity.FATAL else found]


def _blocks(pod: Json) -> Finding:
    """Kubernetes: StatefulSets, "Forced rollback"."""
    sentence = (
        "is of an earlier revision and not ready, and the StatefulSet does not go on before it is; "
        f"if it never will be: kubectl delete pod {name(pod)}"
    )
    return waiting(Cause.STARTING, f"Pod/{name(pod)}", sentence)


def _label(pod: Json, label: str) -> str:
    return text(pod, "metadata", "labels", label)
