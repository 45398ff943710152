"""Recorded failures as scenes."""

from __future__ import annotations

from typing import Any

from toolkit.cluster.diagnosis.diagnosis import diagnose
from toolkit.cluster.diagnosis.finding import Finding
from toolkit.cluster.diagnosis.scene import Scene

Json = dict[str, Any]


def scene_of(found: list[Json], findings: list[Finding] | None = None) -> Scene:
    kinds = {str(obj.get("kind")) for obj in found}
    by_kind = {kind: tuple(obj for obj in found if obj.get("kind") == kind) for kind in kinds}
    return Scene(by_kind, tuple(diagnose(found) if findings is None else findings))


def pod(
    name: str, owner: str = "rs", *, restarts: int = 0, ready: bool = False, kind: str = "ReplicaSet"
) -> Json:
    status = {"name": "api", "restartCount": restarts, "ready": ready}
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "uid": name,
            "ownerReferences": [{"uid": owner, "kind": kind, "controller": True}],
        },
        "spec": {"containers": [{"name": "api"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [status],
        },
    }


def workload(*pods: Json) -> list[Json]:
    """A Deployment x with the ReplicaSets rs (new) and old."""
    new, old = {"spec": {"image": "2"}}, {"spec": {"image": "1"}}
    deployment = {"kind": "Deployment", "metadata": {"name": "x", "uid": "d"}, "spec": {"template": new}}
    owned = {"ownerReferences": [{"uid": "d", "kind": "Deployment", "controller": True}]}
    sets = [
        {
            "kind": "ReplicaSet",
            "metadata": {"name": name, "uid": name, **owned},
            "spec": {"template": template},
        }
        for name, template in (("rs", new), ("old", old))
    ]
    return [deployment, *sets, *pods]
