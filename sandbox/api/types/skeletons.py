"""What kube-apiserver takes a new object to have been before: its type with nothing set.

Structures that the API's types hold by value exist in it, empty; those behind pointers do not. Which is which
decides where managedFields of a created object has a "." (compare `f:strategy` with `f:rollingUpdate` in any
Deployment).
"""

from __future__ import annotations

from typing import Any

from sandbox.api.types.schema import Schema

_TOP = frozenset(("metadata", "spec", "status"))
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


def _empty(value: Any, schema: Schema) -> Any:
    if not isinstance(value, dict):
        return None
    return {
        key: _empty(inner, schema.child(key))
        for key, inner in value.items()
        if (schema.name, key) in _BY_VALUE
    }
