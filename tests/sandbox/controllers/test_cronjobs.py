"""CronJobs start what is due, once, as their policy says.

No test waits for a minute to pass: a run that is due is made by dating the last one back.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from sandbox.base.client import Object
from sandbox.controllers.machinery import objects
from tests.sandbox.controllers.stage import Stage, image_patch, place, play
from tests.sandbox.controllers.workloads import status_of

JOBS = "cronjobs"


def cron_job(image: str = "exit-0", **spec: Any) -> Object:
    pod = {**image_patch(image)["spec"]["template"]["spec"], "restartPolicy": "Never"}
    template = {"metadata": {"labels": {"run": "nightly"}}, "spec": {"template": {"spec": pod}}}
    base = {"schedule": "* * * * *", "suspend": True, "jobTemplate": template}
    metadata = {"name": "nightly"}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": base | spec}


async def fall_due(stage: Stage, minutes: int = 10) -> None:
    """Make the last run one of some minutes ago, and let go."""
    last = objects.stamp(objects.now() - timedelta(minutes=minutes))
    await stage.client.merge(place(JOBS, "nightly", "status"), {"status": {"lastScheduleTime": last}})
    await stage.patch(JOBS, "nightly", {"spec": {"suspend": False}})


def reasons(stage: Stage) -> set[str]:
    return {event["reason"] for event in stage.all("events") if event["involvedObject"]["kind"] == "CronJob"}


def test_of_several_missed_runs_the_newest_is_made_up_for(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(JOBS, cron_job())
        await stage.until(lambda: stage.get(JOBS, "nightly"))
        assert not stage.all("jobs"), "it is suspended"
        before = objects.now()
        await fall_due(stage)
        done = await stage.until(lambda: status_of(stage, JOBS, "nightly").get("lastSuccessfulTime"))
        status = status_of(stage, JOBS, "nightly")
        due = objects.moment(status["lastScheduleTime"])
        assert timedelta() <= objects.now() - due < timedelta(minutes=2) and due.second == 0
        assert objects.moment(done) >= before and "active" not in status
        for job in stage.all("jobs"):  # two, should a minute have begun meanwhile
            assert objects.controller_of(job)["name"] == "nightly"  # type: ignore[index]
            assert objects.labels_of(job)["run"] == "nightly"
            at = objects.moment(
                objects.annotations_of(job)["batch.kubernetes.io/cronjob-scheduled-timestamp"]
            )
            assert job["metadata"]["name"] == f"nightly-{int(at.timestamp()) // 60}"
        assert {"SuccessfulCreate", "SawCompletedJob"} <= reasons(stage)

    play(tmp_path, scene)


def test_a_run_that_is_active_forbids_another(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(JOBS, cron_job("pending", concurrencyPolicy="Forbid"))
        await fall_due(stage)
        await stage.until(lambda: len(status_of(stage, JOBS, "nightly").get("active") or []) == 1)
        [job] = stage.all("jobs")
        await fall_due(stage)
        await stage.until(lambda: "JobAlreadyActive" in reasons(stage))
        assert [one["metadata"]["uid"] for one in stage.all("jobs")] == [job["metadata"]["uid"]]

    play(tmp_path, scene)


def test_a_run_that_is_active_makes_way_for_another(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(JOBS, cron_job("pending", concurrencyPolicy="Replace"))
        await fall_due(stage)
        await stage.until(lambda: len(status_of(stage, JOBS, "nightly").get("active") or []) == 1)
        uid = status_of(stage, JOBS, "nightly")["active"][0]["uid"]
        await fall_due(stage)
        await stage.until(
            lambda: (now := status_of(stage, JOBS, "nightly").get("active")) and now[0]["uid"] != uid
        )
        await stage.until(lambda: uid not in {job["metadata"]["uid"] for job in stage.all("jobs")})
        assert "SuccessfulDelete" in reasons(stage)

    play(tmp_path, scene)


def test_a_run_is_not_made_up_for_after_its_deadline(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        ago = objects.now() - timedelta(minutes=30)
        late = cron_job(schedule=f"{ago.minute} {ago.hour} * * *", startingDeadlineSeconds=60)
        await stage.create(JOBS, late)
        await fall_due(stage, 60)
        await stage.until(lambda: stage.get(JOBS, "nightly").get("spec", {}).get("suspend") is False)
        await stage.caught_up()
        assert not stage.all("jobs")
        await stage.patch(JOBS, "nightly", {"spec": {"startingDeadlineSeconds": 3600}})
        await stage.until(lambda: len(stage.all("jobs")) == 1)

    play(tmp_path, scene)


def test_the_schedule_is_read_in_its_time_zone(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        there = objects.now() - timedelta(minutes=5) + timedelta(hours=9)  # Tokyo knows no summer time
        await stage.create(
            JOBS, cron_job(schedule=f"{there.minute} {there.hour} * * *", timeZone="Asia/Tokyo")
        )
        await fall_due(stage, 30)
        await stage.until(lambda: len(stage.all("jobs")) == 1)

    play(tmp_path, scene)


def test_finished_jobs_are_kept_as_long_as_the_history_allows(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        made = await stage.create(JOBS, cron_job(successfulJobsHistoryLimit=2, failedJobsHistoryLimit=0))
        for number, image in enumerate(("exit-0",) * 4 + ("exit-1",)):
            spec = cron_job(image)["spec"]["jobTemplate"]["spec"] | {"backoffLimit": 0}
            meta = {"name": f"run-{number}", "ownerReferences": [objects.owner_reference(made)]}
            await stage.create(
                "jobs", {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec}
            )
        await stage.until(lambda: len(stage.all("jobs")) == 2)
        await stage.caught_up()
        assert all(objects.condition(job, "Complete") for job in stage.all("jobs"))

    play(tmp_path, scene)


def test_the_jobs_go_with_their_cron_job(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(JOBS, cron_job("pending"))
        await fall_due(stage)
        await stage.until(lambda: stage.all("pods"))
        await stage.client.delete(place(JOBS, "nightly"))
        await stage.until(lambda: not stage.all("jobs") and not stage.all("pods"))

    play(tmp_path, scene)
