"""When a Job starts another pod, and when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.controllers.machinery import objects
from sandbox.controllers.workloads import job_plan
from sandbox.controllers.workloads.job import back_off_scale, counted

START = datetime(2026, 1, 1, tzinfo=UTC)


def job(status: dict[str, Any] | None = None, restart: str = "Never", **spec: Any) -> dict[str, Any]:
    template = {"spec": {"restartPolicy": restart, "containers": [{"name": "a", "image": "a"}]}}
    base = {"parallelism": 1, "completions": 1, "backoffLimit": 6, "template": template}
    return {"metadata": {"name": "j", "uid": "j"}, "spec": base | spec, "status": status or {}}


def pod(
    phase: str, ended: float | None = None, restarts: int = 0, uid: str = "p", tracked: bool = True
) -> Any:
    state = {} if ended is None else {"finishedAt": objects.stamp(START + timedelta(seconds=ended))}
    container = {"restartCount": restarts, "state": {"terminated": state}}
    finalizers = [job_plan.TRACKING] if tracked else []
    meta = {"uid": uid, "name": uid, "creationTimestamp": objects.stamp(START), "finalizers": finalizers}
    return {"metadata": meta, "status": {"phase": phase, "containerStatuses": [container]}}


@pytest.mark.parametrize(
    ("ends", "now", "expected"),
    [
        ([], 0, 0),
        ([("Failed", 0)], 0, 10),
        ([("Failed", 0)], 4, 6),
        ([("Failed", 0)], 11, 0),
        ([("Failed", 0), ("Failed", 20)], 20, 20),
        ([("Failed", i) for i in range(3)], 2, 40),
        ([("Failed", i) for i in range(12)], 11, 600),
        ([("Failed", 0), ("Succeeded", 5), ("Failed", 9)], 9, 10),
        ([("Failed", 0), ("Succeeded", 5)], 6, 0),
    ],
)
def test_back_off_doubles_from_ten_seconds_to_ten_minutes(
    ends: list[tuple[str, float]], now: float, expected: float
) -> None:
    children = [pod(phase, end, uid=str(i)) for i, (phase, end) in enumerate(ends)]
    assert job_plan.pause(children, START + timedelta(seconds=now), 1.0) == expected


@pytest.mark.parametrize(
    ("text", "scale"), [("", 1), ("0.02", 0.02), ("0", 0), ("fast", 1), ("-1", 1), ("nan", 1)]
)
def test_a_scale_that_makes_no_sense_is_one(text: str, scale: float) -> None:
    assert back_off_scale(text) == scale


def test_the_back_off_scales() -> None:
    assert job_plan.pause([pod("Failed", 0)], START, 0.01) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("spec", "failures", "expected"),
    [
        ({}, 6, None),
        ({}, 7, "BackoffLimitExceeded"),
        ({"backoffLimit": 0}, 1, "BackoffLimitExceeded"),
        ({"activeDeadlineSeconds": 30}, 0, "DeadlineExceeded"),
        ({"activeDeadlineSeconds": 31}, 0, None),
        ({"activeDeadlineSeconds": 30, "suspend": True}, 0, None),
        ({"completionMode": "Indexed"}, 0, "NotSupported"),
        ({"podFailurePolicy": {"rules": []}}, 0, "NotSupported"),
    ],
)
def test_what_fails_a_job(spec: dict[str, Any], failures: int, expected: str | None) -> None:
    subject = job({"startTime": objects.stamp(START)}, **spec)
    found = job_plan.verdict(subject, [], failures, START + timedelta(seconds=30))
    assert (found.reason if found else None) == expected


@pytest.mark.parametrize(
    ("limit", "restarts", "over"), [(3, 2, False), (3, 3, True), (0, 0, False), (0, 1, True)]
)
def test_with_on_failure_restarts_count(limit: int, restarts: int, over: bool) -> None:
    children = [pod("Running", restarts=restarts)]
    assert job_plan.restarted_too_often(job(restart="OnFailure", backoffLimit=limit), children) is over
    assert job_plan.restarted_too_often(job(restart="Never", backoffLimit=limit), children) is False


@pytest.mark.parametrize(
    ("spec", "succeeded", "active", "expected"),
    [
        ({"parallelism": 2, "completions": 5}, 0, 0, 2),
        ({"parallelism": 2, "completions": 5}, 4, 1, 1),
        ({"parallelism": 2, "completions": 5}, 5, 0, 0),
        ({"parallelism": 3, "completions": None}, 0, 0, 3),
        ({"parallelism": 3, "completions": None}, 1, 2, 2),
        ({"parallelism": 2, "suspend": True}, 0, 1, 0),
        ({"parallelism": 0}, 0, 0, 0),
    ],
)
def test_how_many_pods_should_run(spec: dict[str, Any], succeeded: int, active: int, expected: int) -> None:
    assert job_plan.wanted(job(**spec), succeeded, active) == expected


def test_a_failure_that_was_decided_stays_decided() -> None:
    target = {"type": "FailureTarget", "status": "True", "reason": "DeadlineExceeded", "message": "late"}
    found = job_plan.verdict(job({"conditions": [target]}), [], 0, START)
    assert found == job_plan.Verdict("Failed", "DeadlineExceeded", "late")


def test_each_end_is_counted_once_however_often_one_looks() -> None:
    subject, children = job(), [pod("Succeeded", uid="a"), pod("Failed", uid="b"), pod("Running", uid="c")]
    for _ in range(2):  # noted, but not in the counters while the finalizer is on
        subject["status"] = counted(subject, children)
        assert subject["status"]["uncountedTerminatedPods"] == {"succeeded": ["a"], "failed": ["b"]}
        assert "succeeded" not in subject["status"]
    children = [pod("Succeeded", uid="a", tracked=False), pod("Running", uid="c")]  # a was let go, b is gone
    for _ in range(2):
        subject["status"] = counted(subject, children)
        assert (subject["status"]["succeeded"], subject["status"]["failed"]) == (1, 1)
        assert subject["status"]["uncountedTerminatedPods"] == {}
