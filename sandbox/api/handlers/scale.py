"""The scale subresource: autoscaling/v1 Scale as a view of spec.replicas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.api.calls.call import Call, answer
from sandbox.api.handlers import write
from sandbox.api.storage.store import Object
from sandbox.api.wire.status import bad_request, invalid
from sandbox.api.writing.writes import Written


def scale_of(obj: Mapping[str, Any]) -> Object:
    """The Scale of a Deployment, ReplicaSet, StatefulSet or ReplicationController."""
    metadata, spec = obj["metadata"], obj.get("spec") or {}
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": spec.get("replicas", 1)},
        "status": {"replicas": (obj.get("status") or {}).get("replicas", 0), "selector": _selector(spec)},
    }


def _selector(spec: Mapping[str, Any]) -> str:
    selector = spec.get("selector") or {}
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        selector = {"matchLabels": selector}
    terms = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for expression in selector.get("matchExpressions") or ():
        key, operator = expression["key"], expression["operator"]
        if operator in ("In", "NotIn"):
            terms.append(f"{key} {operator.lower()} ({','.join(sorted(expression['values']))})")
        else:
            terms.append(key if operator == "Exists" else f"!{key}")
    return ",".join(terms)


async def get(call: Call) -> web.StreamResponse:
    """GET .../scale."""
    target = call.target
    return answer(scale_of(call.cluster.registry.live(target.info, target.namespace, target.name).object))


async def update(call: Call) -> web.StreamResponse:
    """PUT .../scale."""
    body = await call.body()
    return _write(call, lambda _: body)


async def patch(call: Call) -> web.StreamResponse:
    """PATCH .../scale with a merge, strategic or JSON patch of the Scale."""
    kind = call.request.headers.get("Content-Type", "").split(";")[0].strip()
    body = await call.body((write.MERGE, write.STRATEGIC, write.JSON_PATCH))
    return _write(call, write.patch_function(kind, body, "autoscaling/v1", "Scale"))


def _write(call: Call, change: Any) -> web.Response:
    target = call.target

    def scaled(obj: Object) -> Object:
        wanted = change(scale_of(obj))
        if not isinstance(wanted, dict) or not isinstance(wanted.get("spec") or {}, dict):
            raise bad_request("cannot be handled as a Scale")
        replicas = (wanted.get("spec") or {}).get("replicas", 0)
        if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
            message = f"Invalid value: {replicas}: must be greater than or equal to 0"
            raise invalid(
                "Scale", "autoscaling", target.name, [("spec.replicas", "FieldValueInvalid", message)]
            )
        obj["spec"]["replicas"] = replicas
        told = wanted.get("metadata") or {}
        for precondition in ("resourceVersion", "uid"):
            if told.get(precondition):
                obj["metadata"][precondition] = told[precondition]
        return obj

    registry = call.cluster.registry
    written: Written = registry.patch(
        target.info, target.namespace, target.name, scaled, call.options(), "scale"
    )
    return answer(scale_of(written.object), 200, written.warnings)
