"""Jobs: run pods until enough of them succeeded or too many failed (upstream: pkg/controller/job).

Each pod carries a finalizer until its end is counted in the Job's status, so that none is counted twice or
forgotten.
"""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime

from sandbox.base.client import ApiError, Key, Object, path
from sandbox.base.copying import copied
from sandbox.controllers.machinery import objects, pods
from sandbox.controllers.machinery.controller import Cluster, Controller, namespace_is_going
from sandbox.controllers.machinery.index import Owned
from sandbox.controllers.machinery.podcontrol import PodControl, pod_from
from sandbox.controllers.workloads import job_plan

log = logging.getLogger(__name__)


class JobController(Controller):
    """Also deletes finished Jobs after ttlSecondsAfterFinished. Pods are never adopted."""

    name = "job-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.jobs = cluster.informer("batch/v1", "jobs")
        self.pods = Owned(cluster.informer("v1", "pods"))
        self.control = PodControl(self.client, self.recorder, self.pods)
        self.scale = back_off_scale(os.environ.get("SANDBOX_BACKOFF_SCALE", ""))
        self._written: dict[
            str, int
        ] = {}  # uid to the version of our last status: an older one must not be acted on
        self.jobs.subscribe(self._job_changed)
        self.pods.informer.subscribe(self._pod_changed)

    def _job_changed(self, kind: str, new: Object, old: Object | None) -> None:
        if kind == "DELETED":
            self._written.pop(new["metadata"]["uid"], None)
        self.enqueue(kind, new, old)

    def _pod_changed(self, kind: str, new: Object, old: Object | None) -> None:
        del kind, old
        owner = objects.controller_of(new)
        if owner is not None and owner["kind"] == "Job":
            self.queue.add((new["metadata"]["namespace"], owner["name"]))
        elif job_plan.TRACKING in (new["metadata"].get("finalizers") or []):
            self.queue.add((new["metadata"]["namespace"], f"pod/{new['metadata']['name']}"))

    async def reconcile(self, key: Key) -> float | None:
        """Count what ended, start or stop pods, and say how it stands."""
        job = self.jobs.items.get(key)
        if job is None:
            await self._let_go(key)
            return None
        meta = job["metadata"]
        if int(meta["resourceVersion"]) < self._written.get(meta["uid"], 0):
            return None  # the watch will bring our own write, and this key with it
        if job_plan.finished(job):
            await self._release(self.pods.of(job))
            return await self._expire(job)
        return await self._advance(job, await self.control.pods_of(job))

    async def _advance(self, job: Object, children: list[Object]) -> float | None:
        current = datetime.now(UTC)
        status = counted(job, children)
        if not job["spec"].get("suspend"):
            status.setdefault("startTime", objects.stamp(current))
        job = {**job, "status": status}
        uncounted = status.get("uncountedTerminatedPods") or {}
        succeeded = status.get("succeeded", 0) + len(uncounted.get("succeeded") or [])
        failures = status.get("failed", 0) + len(uncounted.get("failed") or [])
        running = [pod for pod in children if pods.active(pod)]
        outcome = job_plan.verdict(job, children, failures, current)
        want = 0 if outcome else job_plan.wanted(job, succeeded, len(running))
        refusal: ApiError | None = None
        again = job_plan.deadline_in(job, current)
        if len(running) > want and not objects.deleting(job):
            surplus = pods.deletion_order(running, {})[: len(running) - want]
            _, refusal = await self.control.delete(job, surplus)
        elif len(running) < want and not objects.deleting(job):
            if wait := job_plan.pause(children, current, self.scale):
                again = min(wait, wait if again is None else again)
            else:
                _, refusal = await self.control.create(job, worker(job), want - len(running))
        children = self.pods.of(job)
        running = [pod for pod in children if pods.active(pod)]
        if outcome is None and job_plan.reached(job, succeeded, len(running)):
            outcome = job_plan.COMPLETE
        self._describe(job, status, running, children, outcome, current)
        await self._write(job, status)
        await self._release([pod for pod in children if counts_now(pod, status)])
        if refusal is not None and not namespace_is_going(refusal):
            raise refusal
        return None if again is None else max(again, 0.0) + 0.01

    def _describe(
        self,
        job: Object,
        status: Object,
        running: list[Object],
        children: list[Object],
        outcome: job_plan.Verdict | None,
        current: datetime,
    ) -> None:
        """Fill in the counts and conditions; the final one waits until every pod has ended and is counted."""
        numbers = {"active": len(running), "ready": sum(map(pods.ready, running))}
        numbers["terminating"] = sum(objects.deleting(p) and not pods.finished(p) for p in children)
        for name, number in numbers.items():
            status[name] = number
            if name == "active" and not number:
                del status[name]
        conditions = self._suspension(job, status.get("conditions") or [], current)
        if outcome is not None:
            early = "FailureTarget" if outcome.kind == "Failed" else "SuccessCriteriaMet"
            conditions = objects.with_condition(conditions, _condition(early, outcome, current))
            if not running and not numbers["terminating"] and not any(_uncounted(status).values()):
                conditions = objects.with_condition(conditions, _condition(outcome.kind, outcome, current))
                if outcome is job_plan.COMPLETE:
                    status["completionTime"] = objects.stamp(current)
        if conditions:
            status["conditions"] = conditions

    def _suspension(
        self, job: Object, conditions: list[objects.Condition], current: datetime
    ) -> list[objects.Condition]:
        suspended, seen = bool(job["spec"].get("suspend")), objects.condition(job, "Suspended")
        if suspended == bool(seen and seen["status"] == "True"):
            return conditions
        word = "Suspended" if suspended else "Resumed"
        note = job_plan.Verdict("Suspended", f"Job{word}", f"Job {word.lower()}")
        self.recorder.record(job, "Normal", word, note.message)
        if not suspended:
            job["status"]["startTime"] = objects.stamp(current)  # the active deadline starts afresh
        value = {**_condition("Suspended", note, current), "status": "True" if suspended else "False"}
        return objects.with_condition(conditions, value)

    async def _write(self, job: Object, status: Object) -> None:
        meta = job["metadata"]
        stored = self.jobs.items.get((meta["namespace"], meta["name"]))
        if stored is not None and stored.get("status") == status:
            return
        place = path("batch/v1", "jobs", meta["namespace"], meta["name"], "status")
        answer = await self.client.replace(place, {**job, "status": status})
        self._written[meta["uid"]] = int(answer["metadata"]["resourceVersion"])
        if end := job_plan.finished(answer):
            good = end["type"] == "Complete"
            said = (
                ("Normal", "Completed", "Job completed")
                if good
                else ("Warning", end["reason"], end["message"])
            )
            self.recorder.record(job, *said)

    async def _release(self, counted_pods: list[Object]) -> None:
        """Take the finalizer off pods whose end is in the status."""
        for pod in counted_pods:
            meta = pod["metadata"]
            rest = [f for f in meta.get("finalizers") or [] if f != job_plan.TRACKING]
            if len(rest) == len(meta.get("finalizers") or []):
                continue
            patch = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"], "finalizers": rest}
            try:
                await self.client.merge(
                    path("v1", "pods", meta["namespace"], meta["name"]), {"metadata": patch}
                )
            except ApiError as error:
                if error.status != 404:
                    raise

    async def _let_go(self, key: Key) -> None:
        """The Job is gone: its pods (or the one that was orphaned) need not be counted any more."""
        mine = [pod for pod in self.pods.informer.items.values() if _was_of(pod, key)]
        await self._release(mine)

    async def _expire(self, job: Object) -> float | None:
        """Delete a finished Job when its time is over; else say when."""
        ttl, end = job["spec"].get("ttlSecondsAfterFinished"), job_plan.finished(job)
        if ttl is None or end is None or objects.deleting(job):
            return None
        left = ttl - objects.seconds_since(end["lastTransitionTime"], datetime.now(UTC))
        if left > 0:
            return float(left) + 0.01
        meta = job["metadata"]
        place = path("batch/v1", "jobs", meta["namespace"], meta["name"])
        await self.client.delete(place, propagation="Foreground", uid=meta["uid"])
        return None


def back_off_scale(text: str) -> float:
    """The factor that SANDBOX_BACKOFF_SCALE names, 1 when it is unset or makes no sense."""
    try:
        scale = float(text or 1)
    except ValueError:
        scale = -1.0
    if not 0 <= scale < float("inf"):
        log.warning("SANDBOX_BACKOFF_SCALE=%s is no factor, 1 is used", text)
        return 1.0
    return scale


def _was_of(pod: Object, key: Key) -> bool:
    if pod["metadata"]["namespace"] != key[0]:
        return False
    owner = objects.controller_of(pod)
    if owner is None:
        return key[1] == f"pod/{pod['metadata']['name']}"
    return bool(owner["kind"] == "Job" and owner["name"] == key[1])


def _condition(kind: str, verdict: job_plan.Verdict, current: datetime) -> objects.Condition:
    time = objects.stamp(current)
    named = {"type": kind, "status": "True", "reason": verdict.reason, "message": verdict.message}
    return {**named, "lastProbeTime": time, "lastTransitionTime": time}


def _uncounted(status: Object) -> dict[str, list[str]]:
    known = status.get("uncountedTerminatedPods") or {}
    return {name: list(known.get(name) or []) for name in ("succeeded", "failed")}


def _tracked(pod: Object) -> bool:
    return job_plan.TRACKING in (pod["metadata"].get("finalizers") or [])


def counts_now(pod: Object, status: Object) -> bool:
    """Whether its end is in the (written) status, so that the finalizer may go."""
    return any(pod["metadata"]["uid"] in uids for uids in _uncounted(status).values())


def counted(job: Object, children: list[Object]) -> Object:
    """The Job's status: pods whose finalizer is off in the counters, newly ended ones noted as uncounted."""
    status = copied(job.get("status") or {})
    tracked = {pod["metadata"]["uid"]: pod for pod in children if _tracked(pod)}
    waiting = _uncounted(status)
    for name, uids in waiting.items():
        done = [uid for uid in uids if uid not in tracked]
        if done:
            status[name] = status.get(name, 0) + len(done)
        waiting[name] = [uid for uid in uids if uid in tracked]
    for uid, pod in tracked.items():
        if uid not in waiting["succeeded"] and uid not in waiting["failed"]:
            if pods.phase(pod) == "Succeeded":
                waiting["succeeded"].append(uid)
            elif job_plan.failed(pod):
                waiting["failed"].append(uid)
    status["uncountedTerminatedPods"] = {name: uids for name, uids in waiting.items() if uids}
    return status


def worker(job: Object) -> Object:
    """A pod of the Job: labelled with the Job's identity, kept by a finalizer until its end is counted."""
    pod, meta = pod_from(job), job["metadata"]
    identity = {
        "batch.kubernetes.io/controller-uid": meta["uid"],
        "batch.kubernetes.io/job-name": meta["name"],
    }
    identity |= {"controller-uid": meta["uid"], "job-name": meta["name"]}
    pod["metadata"]["labels"] = (pod["metadata"].get("labels") or {}) | identity
    pod["metadata"]["finalizers"] = [*(pod["metadata"].get("finalizers") or []), job_plan.TRACKING]
    return pod
