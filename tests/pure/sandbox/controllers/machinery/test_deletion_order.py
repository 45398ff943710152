"""Whom a ReplicaSet lets go first."""

from __future__ import annotations

from typing import Any

from sandbox.controllers.machinery import pods

YOUNG, OLD = "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"


def pod(
    name: str, *, ready: str = OLD, restarts: int = 0, created: str = OLD, cost: str = "", **more: Any
) -> Any:
    condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": ready or OLD}
    status = {"phase": more.get("phase", "Running"), "conditions": [condition]}
    status["containerStatuses"] = [{"restartCount": restarts}]
    notes = {"controller.kubernetes.io/pod-deletion-cost": cost} if cost else {}
    meta = {"name": name, "creationTimestamp": created, "annotations": notes}
    return {"metadata": meta, "spec": {"nodeName": more.get("node", "a")}, "status": status}


def test_each_rule_comes_before_the_next() -> None:
    expected = [
        pod("unassigned", node=""),
        pod("pending", phase="Pending"),
        pod("not-ready", ready=""),
        pod("cheap", cost="-5"),
        pod("crowded", node="crowded"),
        pod("ready-lately", ready=YOUNG),
        pod("restarted", restarts=3),
        pod("young", created=YOUNG),
        pod("settled"),
        pod("dear", cost="7"),
    ]
    found = pods.deletion_order(reversed(expected), {"crowded": 2, "a": 1})
    assert [p["metadata"]["name"] for p in found] == [p["metadata"]["name"] for p in expected]


def test_finished_and_leaving_pods_are_no_replicas() -> None:
    leaving = pod("leaving")
    leaving["metadata"]["deletionTimestamp"] = OLD
    assert pods.active(pod("a")) and not pods.active(leaving)
    assert not pods.active(pod("b", phase="Failed")) and not pods.active(pod("c", phase="Succeeded"))


def test_availability_counts_from_readiness() -> None:
    from datetime import UTC, datetime

    noon = datetime(2026, 1, 1, 0, 0, 4, tzinfo=UTC)
    assert pods.available_in(pod("a"), 0, noon) == 0
    assert pods.available_in(pod("a"), 10, noon) == 6
    assert pods.available_in(pod("a"), 4, noon) == 0
    assert pods.available_in(pod("a", ready=""), 0, noon) is None
