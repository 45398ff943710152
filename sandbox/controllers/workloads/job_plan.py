"""What a Job needs next: how many pods, when, and whether it is over. Pure.

Upstream: pkg/controller/job (job_controller.go, backoff_utils.go), pod failures as with podReplacementPolicy
TerminatingOrFailed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox.base.client import Object
from sandbox.controllers.machinery import objects, pods

FIRST_PAUSE, LONGEST_PAUSE = 10.0, 600.0  # seconds: 10 s doubling to 10 min after failed pods
TRACKING = "batch.kubernetes.io/job-tracking"
NOT_SUPPORTED = ("podFailurePolicy", "successPolicy", "backoffLimitPerIndex", "maxFailedIndexes", "managedBy")


@dataclass(frozen=True)
class Verdict:
    """Why a Job is over: Failed or Complete, with the condition's reason and message."""

    kind: str
    reason: str
    message: str


COMPLETE = Verdict("Complete", "CompletionsReached", "Reached expected number of succeeded pods")


def unsupported(job: Object) -> str:
    """The first thing in its spec that the sandbox does not do, as a sentence; "" when there is none."""
    spec = job["spec"]
    if spec.get("completionMode", "NonIndexed") != "NonIndexed":
        return "The sandbox does not run Jobs with completionMode Indexed"
    found = next((name for name in NOT_SUPPORTED if spec.get(name) is not None), "")
    return f"The sandbox does not act on spec.{found} of a Job" if found else ""


def failed(pod: Object) -> bool:
    """Failed, or told to go before it succeeded."""
    return pods.phase(pod) == "Failed" or (objects.deleting(pod) and pods.phase(pod) != "Succeeded")


def ended(pod: Object) -> str | None:
    """When it ended: the last of its containers, else its deletion or its creation; None while it runs."""
    if not pods.finished(pod) and not objects.deleting(pod):
        return None
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    stops = [((c.get("state") or {}).get("terminated") or {}).get("finishedAt") for c in statuses]
    meta = pod["metadata"]
    return (
        max(filter(None, stops), default=None)
        or meta.get("deletionTimestamp")
        or str(meta["creationTimestamp"])
    )


def pause(children: Sequence[Object], current: datetime, scale: float) -> float:
    """Seconds until another pod may start after the failures since the last success; 0 when there were none.

    ``scale`` multiplies the back-off, so that tests need not wait for it.
    """
    ends = [(when, failed(pod)) for pod in children if (when := ended(pod))]
    ends.sort(key=lambda end: objects.moment(end[0]), reverse=True)
    failures = next((i for i, (_, bad) in enumerate(ends) if not bad), len(ends))
    if not failures:
        return 0.0
    back_off = min(FIRST_PAUSE * 2.0 ** (failures - 1), LONGEST_PAUSE) * scale
    return max(0.0, back_off - objects.seconds_since(ends[0][0], current))


def restarted_too_often(job: Object, children: Sequence[Object]) -> bool:
    """With restartPolicy OnFailure the restarts of its containers count against backoffLimit."""
    if job["spec"]["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    restarts = sum(
        container.get("restartCount", 0)
        for pod in children
        if pods.phase(pod) in ("Running", "Pending")
        for group in ("initContainerStatuses", "containerStatuses")
        for container in (pod.get("status") or {}).get(group) or []
    )
    limit = job["spec"]["backoffLimit"]
    return bool(restarts >= limit if limit else restarts > 0)


def deadline_in(job: Object, current: datetime) -> float | None:
    """Seconds left of activeDeadlineSeconds, None when there is none or it does not run."""
    limit, started = job["spec"].get("activeDeadlineSeconds"), (job.get("status") or {}).get("startTime")
    if limit is None or started is None or job["spec"].get("suspend"):
        return None
    return float(limit - objects.seconds_since(started, current))


def verdict(job: Object, children: Sequence[Object], failures: int, current: datetime) -> Verdict | None:
    """Whether the Job has failed by now."""
    if target := objects.condition(job, "FailureTarget"):
        return Verdict("Failed", target["reason"], target["message"])
    if reason := unsupported(job):
        return Verdict("Failed", "NotSupported", reason)
    if failures > job["spec"]["backoffLimit"] or restarted_too_often(job, children):
        return Verdict("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    left = deadline_in(job, current)
    if left is not None and left <= 0:
        return Verdict("Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
    return None


def wanted(job: Object, succeeded: int, active: int) -> int:
    """How many pods should be active; without completions one success means to start no more."""
    parallelism, completions = job["spec"]["parallelism"], job["spec"].get("completions")
    if job["spec"].get("suspend"):
        return 0
    if completions is None:
        return active if succeeded else int(parallelism)
    return max(0, min(parallelism, completions - succeeded))


def reached(job: Object, succeeded: int, active: int) -> bool:
    """Whether it is complete."""
    return bool(succeeded >= (job["spec"].get("completions") or 1)) and active == 0


def finished(job: Object) -> objects.Condition | None:
    """Its Complete or Failed condition, once it is True."""
    found = [objects.condition(job, kind) for kind in ("Complete", "Failed")]
    return next((c for c in found if c and c["status"] == "True"), None)
