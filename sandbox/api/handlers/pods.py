"""Pods' own subresources: binding, eviction, and the streams that the sandbox does not have."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from aiohttp import web

from sandbox.api.calls.call import Call, answer
from sandbox.api.storage.store import Entry, Object
from sandbox.api.types.sections import section
from sandbox.api.wire.selectors import matches_labels
from sandbox.api.wire.status import (
    bad_request,
    conflict,
    failed,
    method_not_allowed,
    too_many_requests,
)
from sandbox.api.writing.deletion import DeleteOptions, delete
from sandbox.api.writing.updates import other_uid
from sandbox.api.writing.writes import timestamp
from sandbox.base.kinds import the_kind

_PDB = the_kind("policy/v1", "PodDisruptionBudget")
_DONE = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
_BINDING = replace(the_kind("v1", "Pod"), plural="pods/binding")


async def bind(call: Call) -> web.StreamResponse:
    """POST .../binding: the scheduler's decision. 409 when the pod has a node or is going away."""
    target = call.target
    body = await _named(call, "Binding")
    chosen = section(body, "target")
    kind, node = chosen.get("kind") or "Node", chosen.get("name")
    if kind != "Node":
        raise failed(f'target.kind: Unsupported value: "{kind}": supported values: "Node", "<empty>"')
    if not isinstance(node, str) or not node:
        raise failed("target.name: Required value")
    entry = call.cluster.registry.live(target.info, target.namespace, target.name)
    pod = entry.copy()
    uid = section(body, "metadata").get("uid")
    if uid and uid != pod["metadata"]["uid"]:
        raise conflict(target.info, target.name, other_uid(entry, uid))
    if pod["spec"].get("nodeName"):
        bound = f'pod {target.name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise conflict(_BINDING, target.name, bound)
    if "deletionTimestamp" in pod["metadata"]:
        why = f"pod {target.name} is being deleted, cannot be assigned to a host"
        raise conflict(_BINDING, target.name, why)
    pod["spec"]["nodeName"] = node
    _note(pod, {"type": "PodScheduled", "status": "True", "lastProbeTime": None})
    if not call.options().dry_run:
        call.cluster.store.put(target.info, pod)
    return answer(_DONE, 201)


async def _named(call: Call, kind: str) -> Object:
    """The body of a subresource that names the pod once more; 400 where it does not."""
    body = await call.body()
    obj = body if isinstance(body, dict) else {}
    if section(obj, "metadata").get("name") != call.target.name:
        raise bad_request(f"name in URL does not match name in {kind} object")
    return obj


async def evict(call: Call) -> web.StreamResponse:
    """POST .../eviction: a delete that asks the disruption budgets first; 429 when one says no."""
    target = call.target
    body = await _named(call, "Eviction")
    options = DeleteOptions.read(body.get("deleteOptions"), call.query)
    entry = call.cluster.registry.live(target.info, target.namespace, target.name)
    if (entry.object.get("status") or {}).get("phase") not in ("Succeeded", "Failed", "Pending"):
        _ask_budgets(call, entry)
    if not options.dry_run:
        # Who sees the pod go should see why (registry/core/pod/storage/eviction.go).
        pod = entry.copy()
        said = {"reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}
        _note(pod, {"type": "DisruptionTarget", "status": "True", **said})
        entry = call.cluster.store.put(target.info, pod)
    delete(call.cluster.store, entry, options)
    return answer(_DONE, 201)


def _note(pod: Object, condition: Object) -> None:
    """Set one of the pod's conditions, in place."""
    status = pod.setdefault("status", {})
    others = [one for one in status.get("conditions") or () if one["type"] != condition["type"]]
    status["conditions"] = [*others, {**condition, "lastTransitionTime": timestamp()}]


def _ask_budgets(call: Call, entry: Entry) -> None:
    """No controller keeps the budgets' status here, so they are worked out from their spec on the spot."""
    store, namespace = call.cluster.store, entry.namespace
    for budget in store.entries(_PDB, namespace):
        spec = budget.object.get("spec") or {}
        if not matches_labels(spec.get("selector"), entry.object["metadata"].get("labels") or {}):
            continue
        pods = [
            one.object
            for one in store.entries(entry.info, namespace)
            if matches_labels(spec["selector"], one.object["metadata"].get("labels") or {})
        ]
        healthy = sum(1 for pod in pods if _ready(pod))
        needed = _needed(spec, len(pods))
        if healthy - (1 if _ready(entry.object) else 0) < needed:
            message = (
                f"The disruption budget {budget.name} needs {needed} healthy pods and has {healthy} currently"
            )
            cause = {"reason": "DisruptionBudget", "message": message}
            raise too_many_requests(
                "Cannot evict pod as it would violate the pod's disruption budget.", [cause]
            )


def _needed(spec: Object, expected: int) -> int:
    if "maxUnavailable" in spec:
        return max(expected - _part(spec["maxUnavailable"], expected), 0)
    return _part(spec.get("minAvailable", 0), expected)


def _part(value: Any, whole: int) -> int:
    """A number, or a percentage rounded up."""
    if isinstance(value, str) and value.endswith("%"):
        return math.ceil(int(value[:-1]) * whole / 100)
    return int(value)


def _ready(pod: Object) -> bool:
    if "deletionTimestamp" in pod["metadata"]:
        return False
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


async def refuse_stream(call: Call) -> web.StreamResponse:
    """exec, attach and port-forward."""
    what = {"exec": "exec", "attach": "attach", "portforward": "port-forward"}[call.target.subresource]
    instead = (
        "a container here is a local process with its own 127.x address: reach it there, or read its logs"
    )
    raise method_not_allowed(f"the sandbox does not support {what}; {instead}")
