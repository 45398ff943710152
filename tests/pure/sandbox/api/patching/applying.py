"""How the tests of server-side apply write objects and look at who owns what in them."""

from __future__ import annotations

from typing import Any

from sandbox.api.patching.apply import apply, track
from sandbox.api.types import schema
from tests.pure.sandbox.objects import changed

Object = dict[str, Any]
T1, T2 = "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"
WEB = ("spec", "template", "spec", "containers", 0)


def applied(live: Object | None, config: Object, manager: str = "me", **options: Any) -> Object:
    return apply(
        live,
        config,
        **{"manager": manager, "force": False, "now": T1, "schema": schema.of(config), **options},
    )


def written(old: Object | None, new: Object, manager: str = "kubectl-create", **options: Any) -> Object:
    """`new` as a plain create or update leaves it."""
    managed = track(old, new, **{"manager": manager, "now": T1, "schema": schema.of(new), **options})
    return changed(new, "metadata", "managedFields", value=managed)


def minimal(**spec: Any) -> Object:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def fields(obj: Object, manager: str) -> Object:
    (entry,) = [e for e in obj["metadata"]["managedFields"] if e["manager"] == manager]
    result: Object = entry["fieldsV1"]
    return result


def managers(obj: Object) -> list[tuple[str, str]]:
    return [(entry["manager"], entry["operation"]) for entry in obj["metadata"]["managedFields"]]
