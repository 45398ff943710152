"""One pod and its restarts: pure. Each restart has a reason, an exit code and, out of memory, the limit.

Init containers and sidecars count like the others, but for an init container that is run again after it had
done its work: the node set the whole pod up anew, and the other containers' restarts tell that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.cluster.diagnosis import probes, signs
from toolkit.objects.fields import condition, mapping, name, number, objects, owner, text, uid

Json = dict[str, Any]

# What a new pod may take, beside its probes, to be scheduled and to have its image pulled.
START_SECONDS = 60.0
EVICTED = "Evicted"


@dataclass(frozen=True)
class Restart:
    """One or more restarts of a container, seen together; count is how many, total how many ever."""

    pod: str
    container: str
    count: int
    total: int
    reason: str
    code: int
    limit: str

    @property
    def sentence(self) -> str:
        """For a person: what restarted, how often, and why."""
        times = "restarted" if self.count == 1 else f"restarted {self.count} times"
        why = self.reason or "no reason given"
        memory = f", memory limit {self.limit or 'none'}" if self.reason == "OOMKilled" else ""
        code = f", exit code {self.code}" if self.code >= 0 else ""
        return f"Pod/{self.pod} container {self.container} {times} ({why}{code}{memory})"


def restarts(pod: Any, baseline: Mapping[str, int]) -> list[Restart]:
    """The restarts of a pod since the baseline ("<uid>/<container>" -> count; 0 where it has none)."""
    found = []
    for status, specs in _statuses(pod):
        container, total = text(status, "name"), number(status, "restartCount")
        before = baseline.get(f"{uid(pod)}/{container}", 0)
        if total <= before:
            continue
        last = last_end(status)
        code = number(last, "exitCode", default=-1)
        if code == 0 and _runs_once(pod, specs, container):
            continue
        limit = text(_spec(pod, specs, container), "resources", "limits", "memory")
        found.append(Restart(name(pod), container, total - before, total, text(last, "reason"), code, limit))
    return found


def last_end(status: Any) -> Json:
    """How a container last ended, from its status; {} when it never did."""
    return mapping(status, "lastState", "terminated") or mapping(status, "state", "terminated")


def backing_off(pod: Any) -> dict[str, str]:
    """The containers in CrashLoopBackOff, each with the reason why it last ended ("Error", "OOMKilled")."""
    return {
        text(status, "name"): text(last_end(status), "reason")
        for status, _ in _statuses(pod)
        if text(status, "state", "waiting", "reason") == signs.BACK_OFF
    }


def steady(pod: Any) -> set[str]:
    """The containers that run and are ready."""
    return {text(status, "name") for status, _ in _statuses(pod) if status.get("ready") is True}


def disruption(pod: Any) -> tuple[str, str]:
    """(reason, words) when the cluster, not the app, ended the pod or is about to; ("", "") otherwise.

    "Evicted" is the kubelet's own: the node ran short of memory, disk or processes. A drain comes as the
    condition DisruptionTarget with the reason EvictionByEvictionAPI.
    """
    reason = text(pod, "status", "reason")
    target = condition(pod, "DisruptionTarget")
    if reason in signs.DISRUPTED:
        return reason, text(pod, "status", "message") or text(target, "message")
    if target.get("status") == "True":
        return text(target, "reason") or "disruption", text(target, "message")
    return "", ""


def suspect(pod: Any) -> str:
    """The container that keeps a pod from being ready, as far as its status tells; else the probed one."""
    unready = [
        text(status, "name")
        for status, specs in _statuses(pod)
        if status.get("ready") is False and not _runs_once(pod, specs, text(status, "name"))
    ]
    specs = objects(pod, "spec", "containers")
    probed = [text(spec, "name") for spec in specs if mapping(spec, "readinessProbe")]
    return next(iter([*unready, *probed, *(text(spec, "name") for spec in specs)]), "")


def patience(pod: Any, *, new: bool) -> float:
    """Seconds that a pod may be not ready before that is an alarm: twice what its readiness probes allow.

    A new one may take its startup probes' time as well, and START_SECONDS.
    """
    specs = objects(pod, "spec", "containers")
    probed = [probes.until_unready(spec) for spec in specs if mapping(spec, "readinessProbe")]
    allowed = max(probed, default=START_SECONDS)
    if not new:
        return allowed
    startup = [mapping(spec, "startupProbe") for spec in specs]
    return START_SECONDS + allowed + max(map(_startup, filter(None, startup)), default=0.0)


def leaves(pod: Any) -> bool:
    """Whether a pod is on its way out: deleted by a rollout, a scale-down, a drain or a person."""
    return bool(mapping(pod, "metadata").get("deletionTimestamp"))


def is_ready(pod: Any) -> bool:
    """Whether its Ready condition is True."""
    return condition(pod, "Ready").get("status") == "True"


def is_over(pod: Any) -> bool:
    """Whether all its containers ended for good."""
    return text(pod, "status", "phase") in ("Succeeded", "Failed")


def of_job(pod: Any) -> bool:
    """Whether a Job owns it: how often that may fail is the Job's business (backoffLimit)."""
    return bool(owner(pod, "Job"))


def counts(pods: Iterable[Any]) -> dict[str, int]:
    """Restart count by "<pod uid>/<container>" of pods that are not over: a baseline."""
    return {
        f"{uid(pod)}/{text(status, 'name')}": number(status, "restartCount")
        for pod in pods
        if not is_over(pod)
        for status, _ in _statuses(pod)
    }


def _statuses(pod: Any) -> Iterator[tuple[Json, str]]:
    """Each container's status, and which list of the spec it is in."""
    status = mapping(pod, "status")
    for statuses, specs in (
        ("initContainerStatuses", "initContainers"),
        ("containerStatuses", "containers"),
    ):
        if statuses in status:
            for each in objects(status, statuses):
                yield each, specs


def _spec(pod: Any, specs: str, container: str) -> Json:
    return next((each for each in objects(pod, "spec", specs) if each.get("name") == container), {})


def _runs_once(pod: Any, specs: str, container: str) -> bool:
    """Whether it is an init container, and no sidecar."""
    return specs == "initContainers" and _spec(pod, specs, container).get("restartPolicy") != "Always"


def _startup(probe: Json) -> float:
    """Seconds that a startup probe allows; the defaults are the API's."""
    period = max(1, number(probe, "periodSeconds", default=10))
    threshold = max(1, number(probe, "failureThreshold", default=3))
    return float(number(probe, "initialDelaySeconds") + period * threshold)
