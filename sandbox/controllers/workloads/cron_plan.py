"""Which run of a CronJob is due, and which finished Jobs of it go. Pure.

Upstream: pkg/controller/cronjob (syncCronJob and utils.go).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.base.client import Object
from sandbox.base.cron import Schedule
from sandbox.controllers.machinery import objects
from sandbox.controllers.workloads import job_plan

TOO_MANY = 100  # missed runs that are worth a warning
SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"


@dataclass(frozen=True)
class Due:
    """The newest run that was missed (None: none was), how many were, and when the next one is."""

    missed: datetime | None
    count: int
    next: datetime | None


def zone(cron_job: Object) -> ZoneInfo:
    """The schedule's time zone, UTC unless it says another. Raises ValueError for one that is unknown."""
    name = cron_job["spec"].get("timeZone") or "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise ValueError(f'invalid timeZone: "{name}": unknown time zone {name}') from None


def due(cron_job: Object, schedule: Schedule, current: datetime, where: ZoneInfo) -> Due:
    """What the schedule says now; runs before startingDeadlineSeconds ago do not count."""
    spec, status = cron_job["spec"], cron_job.get("status") or {}
    since = status.get("lastScheduleTime") or cron_job["metadata"]["creationTimestamp"]
    earliest, deadline = objects.moment(since), spec.get("startingDeadlineSeconds")
    if deadline is not None:
        earliest = max(earliest, current - timedelta(seconds=deadline))
    newest, count = None, 0
    for moment in schedule.after(earliest.astimezone(where)):
        if moment > current:
            return Due(newest, count, moment.astimezone(UTC))
        newest, count = moment.astimezone(UTC), count + 1
        if count > TOO_MANY:  # look from nearby instead of counting on
            return _newest(schedule, newest, current, where, count)
    return Due(newest, count, None)


def _newest(schedule: Schedule, seen: datetime, current: datetime, where: ZoneInfo, count: int) -> Due:
    for hours in (1, 24, 24 * 31, 24 * 366):
        start = max(seen, current - timedelta(hours=hours))
        newest = None
        for moment in schedule.after(start.astimezone(where)):
            if moment > current:
                if newest is None and start > seen:
                    break
                return Due(newest or seen, count, moment.astimezone(UTC))
            newest = moment.astimezone(UTC)
    return Due(seen, count, None)


def job_for(cron_job: Object, at: datetime) -> Object:
    """The Job of one run; its name depends on the run alone, so that two attempts make one Job."""
    meta, template = cron_job["metadata"], cron_job["spec"]["jobTemplate"]
    given = template.get("metadata") or {}
    kept = {"labels": given["labels"]} if given.get("labels") else {}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{meta['name']}-{int(at.timestamp()) // 60}",
            "namespace": meta["namespace"],
            "annotations": {**(given.get("annotations") or {}), SCHEDULED_AT: objects.stamp(at)},
            "ownerReferences": [objects.owner_reference(cron_job)],
            **kept,
        },
        "spec": template["spec"],
    }


def surplus(cron_job: Object, jobs: Iterable[Object]) -> list[Object]:
    """Finished Jobs beyond the history limits, the oldest first."""
    spec, gone = cron_job["spec"], []
    limits = {"Complete": "successfulJobsHistoryLimit", "Failed": "failedJobsHistoryLimit"}
    for kind, field in limits.items():
        ended = [
            job
            for job in jobs
            if (end := job_plan.finished(job)) and end["type"] == kind and not objects.deleting(job)
        ]
        limit = spec.get(field)
        if limit is not None and len(ended) > limit:
            ended.sort(key=lambda job: (_started(job), job["metadata"]["name"]))
            gone += ended[: len(ended) - limit]
    return gone


def _started(job: Object) -> str:
    return str((job.get("status") or {}).get("startTime") or job["metadata"]["creationTimestamp"])


def reference(job: Object) -> Object:
    """What status.active says of a Job."""
    meta = job["metadata"]
    named = {key: meta[key] for key in ("namespace", "name", "uid", "resourceVersion")}
    return {"apiVersion": "batch/v1", "kind": "Job", **named}
