"""Objects that the tests of validation change, and how they read what is wrong."""

from __future__ import annotations

from typing import Any

from sandbox.api.defaults.objects import default
from sandbox.api.validation.objects import validate

Object = dict[str, Any]
TEMPLATE = ("spec", "template", "spec")
WEB = (*TEMPLATE, "containers", 0)


def problems(obj: Object, old: Object | None = None) -> list[str]:
    """`field: message` of each cause, defaults filled in first as the server does."""
    causes = validate(default(obj), default(old) if old else None)
    return [f"{cause.field}: {cause.message}" for cause in causes]


def of_kind(kind: str, version: str = "v1", **rest: Any) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, **rest}


RBAC = "rbac.authorization.k8s.io/v1"
CLAIM = of_kind(
    "PersistentVolumeClaim",
    spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
)
