"""The conditions of a Deployment through a rollout: upstream's reasons, at the right time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.controllers.machinery import objects
from sandbox.controllers.workloads import deployment_status as report

START = datetime(2026, 1, 1, tzinfo=UTC)


def deployment(replicas: int = 2, deadline: int | None = 60, **status: Any) -> dict[str, Any]:
    spec = {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": {}}}
    spec |= {} if deadline is None else {"progressDeadlineSeconds": deadline}
    return {"metadata": {"name": "web", "generation": 2}, "spec": spec, "status": status}


def replica_set(name: str, replicas: int, available: int, **status: Any) -> dict[str, Any]:
    counts = {"replicas": replicas, "readyReplicas": available, "availableReplicas": available}
    return {"metadata": {"name": name}, "spec": {"replicas": replicas}, "status": counts | status}


def step(
    before: dict[str, Any], new: dict[str, Any], old: list[dict[str, Any]], seconds: float
) -> dict[str, Any]:
    """The status after one look, so many seconds after START."""
    current = START + timedelta(seconds=seconds)
    return report.rolled(before, report.counted(before, new, old, current), new, current)


def reason(status: dict[str, Any], kind: str = "Progressing") -> tuple[str, str]:
    found = objects.condition({"status": status}, kind)
    assert found is not None
    return found["status"], found["reason"]


def test_from_created_to_available() -> None:
    created = report.condition("Progressing", "True", report.CREATED, "Created", START)
    before = deployment(conditions=[created])
    status = step(before, replica_set("web-1", 2, 0), [], 1)
    assert reason(status) == ("True", "ReplicaSetUpdated")
    assert reason(status, "Available") == ("False", "MinimumReplicasUnavailable")
    before["status"] = status
    status = step(before, replica_set("web-1", 2, 2), [], 2)
    assert reason(status) == ("True", "NewReplicaSetAvailable")
    assert reason(status, "Available") == ("True", "MinimumReplicasAvailable")
    assert status["observedGeneration"] == 2
    assert {n: status[n] for n in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")} == {
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
    }
    assert "unavailableReplicas" not in status


def test_no_progress_until_the_deadline_is_a_failure_and_progress_afterwards_repairs_it() -> None:
    moving = report.condition("Progressing", "True", report.UPDATED, "moving", START)
    before = deployment(conditions=[moving], replicas=2, updatedReplicas=2)
    new = replica_set("web-1", 2, 0)
    assert reason(step(before, new, [], 60)) == ("True", "ReplicaSetUpdated")
    late = step(before, new, [], 60.1)
    assert reason(late) == ("False", "ProgressDeadlineExceeded")
    found = objects.condition({"status": late}, "Progressing")
    assert found is not None and found["message"] == 'ReplicaSet "web-1" has timed out progressing.'
    before["status"] = late
    assert reason(step(before, new, [], 600)) == ("False", "ProgressDeadlineExceeded")
    assert reason(step(before, replica_set("web-1", 2, 1), [], 601)) == ("True", "ReplicaSetUpdated")


def test_a_pod_lost_after_the_rollout_is_not_lack_of_progress() -> None:
    done = report.condition("Progressing", "True", report.AVAILABLE, "done", START)
    before = deployment(conditions=[done], replicas=2, updatedReplicas=2, availableReplicas=2)
    status = step(before, replica_set("web-1", 2, 1), [], 6000)
    assert reason(status) == ("True", "NewReplicaSetAvailable")


def test_without_a_deadline_nothing_is_said_about_progress() -> None:
    for deadline in (None, 2**31 - 1):
        before = deployment(deadline=deadline)
        status = step(before, replica_set("web-1", 2, 0), [], 6000)
        assert objects.condition({"status": status}, "Progressing") is None


def test_a_pause_stops_the_clock_and_a_resume_starts_it_afresh() -> None:
    moving = report.condition("Progressing", "True", report.UPDATED, "moving", START)
    paused = deployment(conditions=[moving])
    paused["spec"]["paused"] = True
    noted = report.pause_condition(paused, START + timedelta(seconds=5))
    assert noted is not None and (noted["status"], noted["reason"]) == ("Unknown", "DeploymentPaused")
    resumed = deployment(conditions=[noted])
    again = report.pause_condition(resumed, START + timedelta(seconds=900))
    assert again is not None and again["reason"] == "DeploymentResumed"
    resumed["status"]["conditions"] = objects.with_condition([noted], again)
    assert report.deadline_in(resumed, START + timedelta(seconds=901)) == 59


def test_the_new_sets_failure_comes_before_an_old_ones() -> None:
    def refused(name: str) -> dict[str, Any]:
        failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": name}
        failure["lastTransitionTime"] = objects.stamp(START)
        return replica_set(name, 2, 0, conditions=[failure])

    new, old = refused("new"), refused("old")
    status = report.with_failures({"conditions": []}, new, [old])
    assert [c["message"] for c in status["conditions"]] == ["new"]
    status = report.with_failures(status, replica_set("new", 2, 2), [])
    assert status["conditions"] == []


def test_the_time_of_a_condition_that_stays_stays() -> None:
    first = report.condition("Available", "True", "MinimumReplicasAvailable", "x", START)
    later = report.condition(
        "Available", "True", "MinimumReplicasAvailable", "x", START + timedelta(seconds=9)
    )
    assert objects.with_condition([first], later) == [first]
    other = {**later, "reason": "Other"}
    assert objects.with_condition([first], other)[0]["lastTransitionTime"] == first["lastTransitionTime"]
