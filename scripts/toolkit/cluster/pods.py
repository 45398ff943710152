"""Restarts of pods and what they mean: pure. Each restart is told once, with reason, exit code and limits.

What a rollout, a scale-down or a drain explains is no alarm: a pod that is being deleted tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.cluster import signs
from toolkit.cluster.fields import condition, mapping, name, number, objects, text, uid

Json = dict[str, Any]


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


@dataclass(frozen=True)
class Alarm:
    """Something else that is wrong with a pod that runs: evicted, lost, not ready any more."""

    pod: str
    what: str

    @property
    def sentence(self) -> str:
        """For a person."""
        return f"Pod/{self.pod} {self.what}"


def restarts(pod: Any, baseline: Mapping[str, int]) -> list[Restart]:
    """The restarts of a pod since the baseline ("<uid>/<container>" -> count; 0 where it has none)."""
    limits = {text(spec, "name"): text(spec, "resources", "limits", "memory") for spec in _specs(pod)}
    found = []
    for status in objects(pod, "status", "containerStatuses"):
        container, total = text(status, "name"), number(status, "restartCount")
        before = baseline.get(f"{uid(pod)}/{container}", 0)
        if total <= before:
            continue
        last = mapping(status, "lastState", "terminated") or mapping(status, "state", "terminated")
        found.append(
            Restart(
                name(pod),
                container,
                total - before,
                total,
                text(last, "reason"),
                number(last, "exitCode", default=-1),
                limits.get(container, ""),
            )
        )
    return found


def alarms(pod: Any) -> list[Alarm]:
    """What is wrong with a running pod beside restarts."""
    reason = text(pod, "status", "reason")
    if reason in signs.DISRUPTED:
        said = f": {text(pod, 'status', 'message')}" if text(pod, "status", "message") else ""
        return [Alarm(name(pod), f"was ended by the cluster ({reason}){said}")]
    found = []
    for status in objects(pod, "status", "containerStatuses"):
        if text(status, "state", "waiting", "reason") == signs.BACK_OFF:
            found.append(Alarm(name(pod), f"container {text(status, 'name')} is in CrashLoopBackOff"))
    return found


def leaves(pod: Any) -> bool:
    """Whether a pod is on its way out: deleted by a rollout, a scale-down, a drain or a person."""
    return bool(mapping(pod, "metadata").get("deletionTimestamp"))


def is_ready(pod: Any) -> bool:
    """Whether its Ready condition is True."""
    return condition(pod, "Ready").get("status") == "True"


def counts(pods: Iterable[Any]) -> dict[str, int]:
    """Restart count by "<pod uid>/<container>": a baseline."""
    return {
        f"{uid(pod)}/{text(status, 'name')}": number(status, "restartCount")
        for pod in pods
        for status in objects(pod, "status", "containerStatuses")
    }


def _specs(pod: Any) -> list[Json]:
    return objects(pod, "spec", "containers")
