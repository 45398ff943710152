"""What kube-apiserver takes a new object to have been before: its type with nothing set.

Structures that the API's types hold by value exist in it, empty; those behind pointers do not. Which is which
decides where managedFields of a created object has a "." (compare `f:strategy` with `f:rollingUpdate` in any
Deployment).
"""

from __future__ import annotations

from typing import Any

from sandbox.api.types.schema import Schema, Shape

_TOP = frozenset(("metadata", "spec", "status"))
# Structures held by value in which something is required: an object that leaves one out is told what.
_FILLED = frozenset(("jobTemplate", "spec", "template"))
_BY_VALUE = frozenset(
    (
        ("V1CronJobSpec", "jobTemplate"),
        ("V1DaemonSetSpec", "template"),
        ("V1DaemonSetSpec", "updateStrategy"),
        ("V1DeploymentSpec", "strategy"),
        ("V1DeploymentSpec", "template"),
        ("V1JobSpec", "template"),
        ("V1JobTemplateSpec", "metadata"),
        ("V1JobTemplateSpec", "spec"),
        ("V1PersistentVolumeClaimSpec", "resources"),
        ("V1PodSpec", "containers"),
        ("V1PodTemplateSpec", "metadata"),
        ("V1PodTemplateSpec", "spec"),
        ("V1ReplicaSetSpec", "template"),
        ("V1StatefulSetSpec", "template"),
        ("V1StatefulSetSpec", "updateStrategy"),
        ("V2HorizontalPodAutoscalerSpec", "scaleTargetRef"),
    )
)


def skeleton(obj: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """The structures of this object that its empty type has too."""
    return {key: _empty(obj[key], schema.child(key)) for key in obj if key in _TOP}


def fill(obj: dict[str, Any], schema: Schema) -> None:
    """Give an object the structures that its type cannot be without, in place: its spec, and the templates in
    it. A decoder into Go's structures makes them, empty, whether they were sent or not."""
    if schema.known and schema.own is None and schema.child("spec").shape is Shape.OBJECT:
        _fill(obj, "spec", schema.child("spec"))


def _fill(parent: dict[str, Any], key: str, schema: Schema) -> None:
    if parent.get(key) is None:
        parent[key] = {}
    value = parent[key]
    if isinstance(value, dict):
        for inner in _FILLED:
            if (schema.name, inner) in _BY_VALUE:
                _fill(value, inner, schema.child(inner))


def _empty(value: Any, schema: Schema) -> Any:
    if not isinstance(value, dict):
        return None
    return {
        key: _empty(inner, schema.child(key))
        for key, inner in value.items()
        if (schema.name, key) in _BY_VALUE
    }
