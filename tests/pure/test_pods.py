"""What a restart means."""

from __future__ import annotations

from typing import Any

from toolkit.cluster import pods


def pod(count: int = 0, last: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    container = {
        "name": "api",
        "restartCount": count,
        "state": {"running": {}},
        "lastState": {"terminated": last} if last else {},
    }
    return {
        "metadata": {"name": "p", "uid": "u"},
        "spec": {"containers": [{"name": "api", "resources": {"limits": {"memory": "64Mi"}}}]},
        "status": {"containerStatuses": [container], **status},
    }


def test_a_restart_since_the_baseline_is_told_with_reason_code_and_limit() -> None:
    found = pods.restarts(pod(3, {"reason": "OOMKilled", "exitCode": 137}), {"u/api": 1})
    assert [each.sentence for each in found] == [
        "Pod/p container api restarted 2 times (OOMKilled, exit code 137, memory limit 64Mi)"
    ]
    assert found[0].total == 3


def test_the_baseline_itself_is_no_alarm() -> None:
    assert pods.restarts(pod(3), {"u/api": 3}) == []
    assert pods.restarts(pod(0), {}) == []


def test_a_container_that_is_not_in_the_baseline_started_at_0() -> None:
    assert len(pods.restarts(pod(1, {"reason": "Error", "exitCode": 1}), {})) == 1


def test_counts_are_the_baseline() -> None:
    assert pods.counts([pod(2)]) == {"u/api": 2}


def test_back_off_and_eviction_are_alarms() -> None:
    looping = pod(1)
    looping["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    assert [each.sentence for each in pods.alarms(looping)] == ["Pod/p container api is in CrashLoopBackOff"]
    evicted = pod(reason="Evicted", message="low on memory")
    assert [each.sentence for each in pods.alarms(evicted)] == [
        "Pod/p was ended by the cluster (Evicted): low on memory"
    ]
    assert pods.alarms(pod()) == []


def test_a_pod_on_its_way_out_leaves() -> None:
    leaving = pod()
    leaving["metadata"]["deletionTimestamp"] = "2026-11-23T05:00:00Z"
    assert pods.leaves(leaving)
    assert not pods.leaves(pod())
    assert not pods.leaves({"metadata": 3})
