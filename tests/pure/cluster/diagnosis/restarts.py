"""Pods with restarts, and a watch that looks at them."""

from __future__ import annotations

from typing import Any

from toolkit.cluster.api.watch import Change
from toolkit.watch.lookout import Lookout
from toolkit.watch.sight import Sight

Json = dict[str, Any]
PROBE = {"httpGet": {"path": "/readiness"}, "periodSeconds": 1, "failureThreshold": 3}


def pod(count: int = 0, last: Json | None = None, **status: Any) -> Json:
    container = {
        "name": "api",
        "restartCount": count,
        "ready": True,
        "state": {"running": {}},
        "lastState": {"terminated": last} if last else {},
    }
    return {
        "metadata": {
            "name": "p",
            "uid": "u",
            "ownerReferences": [{"kind": "ReplicaSet", "uid": "rs", "controller": True}],
        },
        "spec": {
            "containers": [
                {"name": "api", "resources": {"limits": {"memory": "64Mi"}}, "readinessProbe": PROBE}
            ]
        },
        "status": {"containerStatuses": [container], **status},
    }


def leaving(of: Json, **condition: str) -> Json:
    meta = {**of["metadata"], "deletionTimestamp": "2026-11-23T05:00:00Z"}
    target = [{"type": "DisruptionTarget", "status": "True", **condition}] if condition else []
    return {**of, "metadata": meta, "status": {**of["status"], "conditions": target}}


def listed(*items: Json) -> Change:
    return Change("Pod", "synced", items=items)


ERROR = {"reason": "Error", "exitCode": 1}


def feed(lookout: Lookout, *steps: Change | float) -> list[Sight]:
    """Changes a second apart; a number lets that many seconds go by."""
    now, found = 0.0, []
    for step in steps:
        if isinstance(step, Change):
            found += lookout.take(step, now)
            now += 1
        else:
            now += step
        found += lookout.due(now)
    return found
