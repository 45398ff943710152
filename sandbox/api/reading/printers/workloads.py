"""Deployments, ReplicaSets, Jobs and what scales and protects them."""

from __future__ import annotations

from typing import Any

from sandbox.api.reading.printers.cells import (
    NONE,
    age,
    condition,
    containers,
    holds,
    labels,
    name,
    printer,
    selector,
)
from sandbox.api.reading.printers.times import human, seconds, since
from sandbox.api.types.sections import each, section

Object = dict[str, Any]
_TEMPLATE = "+Containers  +Images  +Selector"


def _template(spec: Object) -> list[str]:
    return [*containers(section(spec, "template", "spec")), selector(section(spec, "selector"))]


def _deployment(obj: Object, now: float) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    ready = f"{status.get('readyReplicas') or 0}/{spec.get('replicas') or 0}"
    counts = [status.get(field) or 0 for field in ("updatedReplicas", "availableReplicas")]
    return [name(obj), ready, *counts, age(obj, now), *_template(spec)]


def _replica_set(obj: Object, now: float) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    counts = [spec.get("replicas") or 0, status.get("replicas") or 0, status.get("readyReplicas") or 0]
    return [name(obj), *counts, age(obj, now), *_template(spec)]


def _replication_controller(obj: Object, now: float) -> list[Any]:
    return [*_replica_set(obj, now)[:-1], labels(section(obj, "spec", "selector"))]


def _stateful_set(obj: Object, now: float) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    ready = f"{status.get('readyReplicas') or 0}/{spec.get('replicas') or 0}"
    return [name(obj), ready, age(obj, now), *_template(spec)[:2]]


_DAEMON_COUNTS = (
    "desiredNumberScheduled",
    "currentNumberScheduled",
    "numberReady",
    "updatedNumberScheduled",
    "numberAvailable",
)


def _daemon_set(obj: Object, now: float) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    counts = [status.get(field) or 0 for field in _DAEMON_COUNTS]
    nodes = labels(section(spec, "template", "spec", "nodeSelector"))
    return [name(obj), *counts, nodes, age(obj, now), *_template(spec)]


def _job(obj: Object, now: float) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    done, wanted, parallel = (
        status.get("succeeded") or 0,
        spec.get("completions"),
        spec.get("parallelism") or 0,
    )
    if wanted is not None:
        completions = f"{done}/{wanted}"
    else:
        completions = f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    began = seconds(status.get("startTime"))
    failed = condition(obj, "Failed").get("lastTransitionTime") if holds(obj, "Failed") else None
    ended = seconds(status.get("completionTime") or failed)
    duration = "" if began is None else human((now if ended is None else ended) - began)
    return [name(obj), _job_status(obj), completions, duration, age(obj, now), *_template(spec)]


def _job_status(obj: Object) -> str:
    words = {"Complete": "Complete", "Failed": "Failed"}
    if not any(holds(obj, word) for word in words) and section(obj, "metadata").get("deletionTimestamp"):
        return "Terminating"
    words |= {word: word for word in ("Suspended", "FailureTarget", "SuccessCriteriaMet")}
    return next((told for word, told in words.items() if holds(obj, word)), "Running")


def _cron_job(obj: Object, now: float) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    last = status.get("lastScheduleTime")
    return [
        name(obj),
        spec.get("schedule", ""),
        spec.get("timeZone") or NONE,
        str(bool(spec.get("suspend"))),
        len(each(status, "active")),
        since(last, now) if last else NONE,
        age(obj, now),
        *_template(section(spec, "jobTemplate", "spec")),
    ]


def _autoscaler(obj: Object, now: float) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    target = section(spec, "scaleTargetRef")
    return [
        name(obj),
        f"{target.get('kind')}/{target.get('name')}",
        ", ".join(
            _metric(metric, each(status, "currentMetrics"), i)
            for i, metric in enumerate(each(spec, "metrics"))
        )
        or NONE,
        str(spec.get("minReplicas") or UNSET_REPLICAS),
        spec.get("maxReplicas") or 0,
        status.get("currentReplicas") or 0,
        age(obj, now),
    ]


UNSET_REPLICAS = "<unset>"


def _metric(metric: Object, current: list[Object], i: int) -> str:
    """cpu: 20%/80% of a resource, 5/10 of other metrics."""
    kind = str(metric.get("type", ""))
    field = kind[:1].lower() + kind[1:]
    source, now = section(metric, field), section(current[i], field, "current") if i < len(current) else {}
    target = section(source, "target")
    title = f"{source.get('name')}: " if "name" in source else ""
    if "averageUtilization" in target:
        reached = now.get("averageUtilization")
        return f"{title}{'<unknown>' if reached is None else f'{reached}%'}/{target['averageUtilization']}%"
    field = "averageValue" if "averageValue" in target else "value"
    suffix = " (avg)" if field == "averageValue" and kind in ("Object", "External") else ""
    return f"{title}{now.get(field, '<unknown>')}/{target.get(field, NONE)}{suffix}"


def _disruption_budget(obj: Object, now: float) -> list[Any]:
    spec = section(obj, "spec")
    limits = [str(spec.get(field, "N/A")) for field in ("minAvailable", "maxUnavailable")]
    return [name(obj), *limits, section(obj, "status").get("disruptionsAllowed") or 0, age(obj, now)]


def _revision(obj: Object, now: float) -> list[Any]:
    owners = [o for o in each(section(obj, "metadata"), "ownerReferences") if o.get("controller") is True]
    owner = f"{str(owners[0].get('kind', '')).lower()}.apps/{owners[0].get('name')}" if owners else NONE
    return [name(obj), owner, obj.get("revision") or 0, age(obj, now)]


PRINTERS = {
    "Deployment": printer(f"Name  Ready  Up-to-date  Available  Age  {_TEMPLATE}", _deployment),
    "ReplicaSet": printer(f"Name  Desired  Current  Ready  Age  {_TEMPLATE}", _replica_set),
    "ReplicationController": printer(
        f"Name  Desired  Current  Ready  Age  {_TEMPLATE}", _replication_controller
    ),
    "StatefulSet": printer("Name  Ready  Age  +Containers  +Images", _stateful_set),
    "DaemonSet": printer(
        f"Name  Desired  Current  Ready  Up-to-date  Available  Node Selector  Age  {_TEMPLATE}", _daemon_set
    ),
    "Job": printer(f"Name  Status  Completions  Duration  Age  {_TEMPLATE}", _job),
    "CronJob": printer(
        f"Name  Schedule  Timezone  Suspend  Active  Last Schedule  Age  {_TEMPLATE}", _cron_job
    ),
    "HorizontalPodAutoscaler": printer(
        "Name  Reference  Targets  MinPods  MaxPods  Replicas  Age", _autoscaler
    ),
    "PodDisruptionBudget": printer(
        "Name  Min Available  Max Unavailable  Allowed Disruptions  Age", _disruption_budget
    ),
    "ControllerRevision": printer("Name  Controller  Revision  Age", _revision),
}
