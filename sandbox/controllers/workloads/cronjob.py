"""CronJobs: a Job for each run that is due (upstream: pkg/controller/cronjob)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sandbox.base.client import ApiError, Key, Object, path
from sandbox.base.copying import copied
from sandbox.base.cron import Schedule
from sandbox.controllers.machinery import objects
from sandbox.controllers.machinery.controller import Cluster, Controller
from sandbox.controllers.machinery.index import Owned, remove
from sandbox.controllers.workloads import cron_plan, job_plan

LONGEST_LOOK = 3600.0  # seconds: the wall clock may be set meanwhile


class CronJobController(Controller):
    """Starts Jobs, forgets those that ended, keeps the status."""

    name = "cronjob-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.cron_jobs = cluster.informer("batch/v1", "cronjobs")
        self.jobs = Owned(cluster.informer("batch/v1", "jobs"))
        self.cron_jobs.subscribe(self.enqueue)
        self.jobs.informer.subscribe(self._job_changed)

    def _job_changed(self, kind: str, new: Object, old: Object | None) -> None:
        del kind, old
        owner = objects.controller_of(new)
        if owner is not None and owner["kind"] == "CronJob":
            self.queue.add((new["metadata"]["namespace"], owner["name"]))

    async def reconcile(self, key: Key) -> float | None:
        """Note what ended, start what is due, say when to look again."""
        stored = self.cron_jobs.items.get(key)
        if stored is None:
            return None
        cron_job = copied(stored)
        status = cron_job.setdefault("status", {})
        self._note_ended(cron_job, self.jobs.of(stored))
        again = None
        if not objects.deleting(cron_job):
            for job in cron_plan.surplus(cron_job, self.jobs.of(stored)):
                await remove(self.client, self.jobs, job, "Background")
            again = await self._start(cron_job)
        if not status.get("active"):
            status.pop("active", None)
        if status != (stored.get("status") or {}):
            place = path("batch/v1", "cronjobs", *key, "status")
            await self.client.replace(place, {**cron_job, "status": status})
        return again

    def _note_ended(self, cron_job: Object, jobs: list[Object]) -> None:
        """Take what is over out of status.active, and the last success into the status."""
        status, known = cron_job["status"], {job["metadata"]["uid"]: job for job in jobs}
        for job in jobs:
            end, uid = job_plan.finished(job), job["metadata"]["uid"]
            was_active = any(one["uid"] == uid for one in status.get("active") or [])
            if end is None:
                if not was_active and not objects.deleting(job):
                    status["active"] = [*(status.get("active") or []), cron_plan.reference(job)]
            elif was_active:
                text = f"Saw completed job: {job['metadata']['name']}, condition: {end['type']}"
                self.recorder.record(cron_job, "Normal", "SawCompletedJob", text)
            if end is not None and end["type"] == "Complete":
                done = (job.get("status") or {}).get("completionTime") or end["lastTransitionTime"]
                if done > status.get("lastSuccessfulTime", ""):
                    status["lastSuccessfulTime"] = done
        status["active"] = [
            one
            for one in status.get("active") or []
            if one["uid"] in known and job_plan.finished(known[one["uid"]]) is None
        ]

    async def _start(self, cron_job: Object) -> float | None:
        spec, current = cron_job["spec"], datetime.now(UTC)
        try:
            schedule, where = Schedule(spec["schedule"]), cron_plan.zone(cron_job)
        except ValueError as error:
            reason = "UnknownTimeZone" if "timeZone" in str(error) else "UnparseableSchedule"
            self.recorder.record(cron_job, "Warning", reason, f"unparseable schedule: {error}")
            return None
        if spec.get("suspend"):
            return None
        found = cron_plan.due(cron_job, schedule, current, where)
        left = LONGEST_LOOK if found.next is None else (found.next - current).total_seconds()
        again = min(max(left, 0.0) + 0.01, LONGEST_LOOK)
        if found.count > cron_plan.TOO_MANY:
            text = (
                f"too many missed start times: {found.count}. Set or decrease .spec.startingDeadlineSeconds"
            )
            self.recorder.record(cron_job, "Warning", "TooManyMissedTimes", f"{text} or check clock skew")
        if found.missed is None or not await self._may_start(cron_job, found.missed, current):
            return again
        created = await self._create(cron_job, cron_plan.job_for(cron_job, found.missed))
        if created is not None:
            cron_job["status"]["active"].append(cron_plan.reference(created))
        cron_job["status"]["lastScheduleTime"] = objects.stamp(found.missed)
        return again

    async def _may_start(self, cron_job: Object, at: datetime, current: datetime) -> bool:
        """Whether deadline and concurrencyPolicy allow the run; Replace makes way for it."""
        spec, active = cron_job["spec"], cron_job["status"]["active"]
        deadline = spec.get("startingDeadlineSeconds")
        if deadline is not None and at + timedelta(seconds=deadline) < current:
            text = f"Missed scheduled time to start a job: {at:%a, %d %b %Y %H:%M:%S +0000}"
            self.recorder.record(cron_job, "Warning", "MissSchedule", text)
            return False
        policy = spec.get("concurrencyPolicy")
        if policy == "Forbid" and active:
            text = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self.recorder.record(cron_job, "Normal", "JobAlreadyActive", text)
            return False
        if policy == "Replace":
            for one in active:
                job = self.jobs.informer.items.get((one["namespace"], one["name"]))
                if job is not None:
                    await remove(self.client, self.jobs, job, "Background")
                    self.recorder.record(cron_job, "Normal", "SuccessfulDelete", f"Deleted job {one['name']}")
            active.clear()
        return True

    async def _create(self, cron_job: Object, body: Object) -> Object | None:
        """The new Job; None when an earlier attempt has made it already, or somebody else one of its name."""
        meta = body["metadata"]
        place = path("batch/v1", "jobs", meta["namespace"])
        try:
            created = await self.client.create(place, body)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                return None
            if error.status:
                text = f"Error creating job: {error.message}"
                self.recorder.record(cron_job, "Warning", "FailedCreate", text)
            raise
        self.jobs.created(created)
        self.recorder.record(cron_job, "Normal", "SuccessfulCreate", f"Created job {meta['name']}")
        return created
