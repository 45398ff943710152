"""Jobs on a real API: done, failed, late, suspended, forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox.base.client import Object
from sandbox.controllers.machinery import objects, pods
from sandbox.controllers.workloads import job_plan
from tests.sandbox.controllers import real
from tests.sandbox.controllers.stage import Stage, place, play, reason


@pytest.fixture(autouse=True)
def _short_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_BACKOFF_SCALE", "0.01")


def job(image: str, **spec: Any) -> Object:
    containers = [{"name": "main", "image": image}]
    template = {"spec": {"restartPolicy": "Never", "containers": containers}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j"},
        "spec": {"template": template} | spec,
    }


def over(stage: Stage) -> Object:
    found = stage.get("jobs", "j")
    return found if found and job_plan.finished(found) else {}


def tracked(stage: Stage) -> list[Object]:
    return [p for p in stage.all("pods") if job_plan.TRACKING in (p["metadata"].get("finalizers") or [])]


def test_a_job_completes_with_as_many_successes_as_it_wants(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        at_once: list[int] = []
        stage.caches["pods"].subscribe(lambda *_: at_once.append(sum(map(pods.active, stage.all("pods")))))
        await stage.create("jobs", job("exit-0", completions=5, parallelism=2))
        found = await stage.until(lambda: over(stage))
        assert (reason(found, "Complete"), found["status"]["succeeded"]) == ("CompletionsReached", 5)
        assert found["status"]["startTime"] <= found["status"]["completionTime"]
        assert "active" not in found["status"] and "failed" not in found["status"]
        assert found["status"].get("uncountedTerminatedPods", {}) == {}
        assert max(at_once) <= 2
        await stage.until(lambda: not tracked(stage))
        identity = {"batch.kubernetes.io/job-name": "j", "controller-uid": found["metadata"]["uid"]}
        assert len(stage.all("pods", **identity)) == 5

    play(tmp_path, scene)


def test_a_job_fails_after_its_back_off_limit(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("jobs", job("exit-1", backoffLimit=2))
        found = await stage.until(lambda: over(stage))
        assert (reason(found, "Failed"), found["status"]["failed"]) == ("BackoffLimitExceeded", 3)
        assert reason(found, "FailureTarget") == "BackoffLimitExceeded"
        assert len(stage.all("pods")) == 3
        [said] = await stage.until(
            lambda: [e for e in stage.all("events") if e["reason"] == "BackoffLimitExceeded"]
        )
        assert said["message"] == "Job has reached the specified backoff limit"

    play(tmp_path, scene)


def test_a_job_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("jobs", job("sick", activeDeadlineSeconds=1))
        found = await stage.until(lambda: over(stage))
        assert reason(found, "Failed") == "DeadlineExceeded"
        await stage.until(lambda: not stage.all("pods"))
        assert found["status"]["failed"] == 1

    play(tmp_path, scene)


def test_a_pod_of_a_job_that_is_deleted_by_hand_counts_as_failed_and_is_replaced(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("jobs", job("sick"))
        [first] = await stage.until(lambda: [p for p in stage.all("pods") if pods.phase(p) == "Running"])
        await stage.client.delete(place("pods", first["metadata"]["name"]))
        await stage.until(lambda: (stage.get("jobs", "j").get("status") or {}).get("failed") == 1)
        await stage.until(
            lambda: [p["metadata"]["uid"] != first["metadata"]["uid"] for p in stage.all("pods")] == [True]
        )

    play(tmp_path, scene)


def test_a_suspended_job_has_no_pods_and_a_resumed_one_completes(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("jobs", job("exit-0", suspend=True))
        suspended = await stage.until(
            lambda: reason(stage.get("jobs", "j"), "Suspended") and stage.get("jobs", "j")
        )
        assert "startTime" not in suspended["status"] and not stage.all("pods")
        await stage.patch("jobs", "j", {"spec": {"suspend": False}})
        found = await stage.until(lambda: over(stage))
        assert objects.condition(found, "Complete") and reason(found, "Suspended") == "JobResumed"

    play(tmp_path, scene)


def test_a_finished_job_is_forgotten_after_its_time(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("jobs", job("exit-0", ttlSecondsAfterFinished=1))
        await stage.until(lambda: over(stage))
        await stage.until(lambda: not stage.all("jobs") and not stage.all("pods"))

    play(tmp_path, scene)


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_deleting_a_running_job_leaves_no_pod_behind(tmp_path: Path, propagation: str) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("jobs", job("sick", parallelism=3, completions=3))
        await stage.until(lambda: len([p for p in stage.all("pods") if pods.phase(p) == "Running"]) == 3)
        await stage.client.delete(place("jobs", "j"), propagation=propagation)
        await stage.until(lambda: not stage.all("jobs") and not stage.all("pods"))

    play(tmp_path, scene)


def test_what_the_sandbox_does_not_run_is_refused(tmp_path: Path) -> None:
    real.only_a_sandbox("about what the sandbox does not do")

    async def scene(stage: Stage) -> None:
        await stage.create("jobs", job("exit-0", completionMode="Indexed", completions=2))
        found = await stage.until(lambda: over(stage))
        assert reason(found, "Failed") == "NotSupported" and not stage.all("pods")

    play(tmp_path, scene)
