"""What can be wrong with a rollout: causes, how grave each is, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from toolkit.objects.fields import number


class Severity(StrEnum):
    """fatal ends the rollout; suspicious does once its patience is used up; waiting never does by itself."""

    FATAL = "fatal"
    SUSPICIOUS = "suspicious"
    WAITING = "waiting"


class Cause(StrEnum):
    """The causes, roots before consequences: the first of several fatal ones leads the verdict."""

    IMAGE = "image does not exist"
    REGISTRY = "registry"
    CONFIGURATION = "missing configuration"
    COMMAND = "command cannot run"
    OUT_OF_MEMORY = "out of memory"
    PROBE = "killed by its probe"
    CRASH = "crash loop"
    QUOTA = "quota"
    LIMITS = "limit range"
    ADMISSION = "admission"
    SERVICE_ACCOUNT = "missing service account"
    CREATION = "pods cannot be created"
    UNSCHEDULABLE = "unschedulable"
    VOLUME = "volume"
    POD_SANDBOX = "pod sandbox"
    NODE = "node cannot start it"
    READINESS = "readiness never passes"
    READINESS_LOST = "no longer ready"
    NOT_LISTENING = "not listening yet"
    JOB = "job failed"
    RESOURCE = "custom resource failed"
    SCHEDULE = "schedule"
    AUTOSCALER = "autoscaler"
    ROUTE = "leads nowhere"
    TAKEN_AWAY = "taken away"
    SUPERSEDED = "superseded"
    PAUSED = "paused"
    DISRUPTION = "disruption"
    PROGRESS_DEADLINE = "progress deadline"
    STARTING = "starting"


REMEDIES = {
    Cause.IMAGE: "check that the image was pushed under this name and digest (`make build`)",
    Cause.REGISTRY: "check the registry's address, its rate limit and the pull secret, then deploy again",
    Cause.CONFIGURATION: "create what is missing, or correct the reference in the app's manifests",
    Cause.COMMAND: "correct command, args or ENTRYPOINT; the file must exist in the image and be executable",
    Cause.OUT_OF_MEMORY: "raise the container's memory limit, or find what eats the memory",
    Cause.PROBE: "find out why the probe fails; a slow start needs a startupProbe or a longer delay",
    Cause.CRASH: "read its last log lines: the process ends by itself",
    Cause.QUOTA: "free or raise the namespace's ResourceQuota, or ask for less",
    Cause.LIMITS: "bring the container's requests and limits within the namespace's LimitRange",
    Cause.ADMISSION: "change the manifest so that the named admission rule allows it",
    Cause.SERVICE_ACCOUNT: "create the ServiceAccount, or correct serviceAccountName",
    Cause.CREATION: "see the API server's words",
    Cause.UNSCHEDULABLE: "free or add nodes, or ask for less CPU and memory; see the scheduler's words",
    Cause.VOLUME: "check the PersistentVolumeClaim, its StorageClass and what is mounted",
    Cause.POD_SANDBOX: "the node cannot set the pod up (often its network); look at the node",
    Cause.NODE: "nothing is wrong with the command: look at the node and its container runtime",
    Cause.READINESS: "ask the app why it is not ready: its log, its dependencies, the probe's path and port",
    Cause.READINESS_LOST: "ask the app what has changed since it was ready: its log, what it depends on",
    Cause.NOT_LISTENING: "does it listen on the probe's port, on all addresses (0.0.0.0)? read its log",
    Cause.JOB: "read the Job's log; it is run again by the next deployment",
    Cause.RESOURCE: "read its conditions, and the log of the controller that it is for",
    Cause.SCHEDULE: "correct the CronJob's schedule or timeZone",
    Cause.AUTOSCALER: "correct scaleTargetRef and metrics; every container must request what is measured",
    Cause.ROUTE: "bring selector, ports and backends in line with what is there",
    Cause.TAKEN_AWAY: "find out who deleted it (the API server's audit log knows), then deploy again",
    Cause.SUPERSEDED: "settle with whoever changed it, then deploy again",
    Cause.PAUSED: "resume it, or take the pause out of the app's manifests",
    Cause.DISRUPTION: "nothing to do for this release: the cluster replaces the pod",
    Cause.PROGRESS_DEADLINE: "look at the pods that are not available; is progressDeadlineSeconds too short?",
    Cause.STARTING: "",
}

# How long a suspicious state may last, in seconds of its presence, before it counts as fatal: what nobody's
# waiting mends, once it is sure that nobody is about to mend it. What time alone may heal is `healing`.
PATIENCE = {
    Cause.REGISTRY: 60.0,  # refused credentials; one that is away or busy heals
    Cause.CONFIGURATION: 5.0,  # a Secret may be created a moment after the pod
    Cause.SERVICE_ACCOUNT: 5.0,
    Cause.ADMISSION: 20.0,  # a webhook without its Service, or whose certificate is not right; one away heals
    Cause.QUOTA: 20.0,  # what went a moment ago is still counted
    # No autoscaler said that it adds a node, and nothing is about to make room. One that is there says so
    # within half a minute: cluster-autoscaler looks every 10 s, Karpenter gathers pods for 10 s at most.
    Cause.UNSCHEDULABLE: 45.0,
    Cause.VOLUME: 60.0,  # a StorageClass that is not there; one that is slow heals
    Cause.PAUSED: 10.0,
    Cause.RESOURCE: 5.0,
    Cause.SCHEDULE: 10.0,
    Cause.AUTOSCALER: 30.0,  # its target may be made a moment later
    Cause.ROUTE: 15.0,
    Cause.TAKEN_AWAY: 5.0,  # the event that tells how an object ended may come after its end
    Cause.CRASH: 60.0,
    Cause.OUT_OF_MEMORY: 60.0,
    Cause.PROBE: 60.0,
    Cause.COMMAND: 20.0,
}
# What the API gives a Deployment to make progress unless told, and the least that is believed, in seconds.
PROGRESS_SECONDS = 600.0
PROGRESS_FLOOR = 30


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or awaited, with one object.

    object is "Kind/name", container "" when the whole object is meant. patience is how many seconds a
    suspicious finding may be present, all its appearances added up, before it is fatal. settles is for how
    many seconds it must have been unchanged before a rollout that is otherwise complete passes (0: none).
    heals says that time alone may heal it: its patience is what the workload gives its own progress, and
    beyond that it was not in time, which is not the same as failed. advice is the remedy where this finding
    knows better than its cause.
    """

    cause: Cause
    severity: Severity
    object: str
    sentence: str
    container: str = ""
    patience: float = 0.0
    settles: float = 0.0
    heals: bool = False
    advice: str = ""

    @property
    def remedy(self) -> str:
        """What a person does about it."""
        return self.advice or REMEDIES[self.cause]

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same finding when it is seen again."""
        return (self.cause, self.object, self.container)

    @property
    def clause(self) -> str:
        """As one clause: Pod/x, container api: sentence."""
        where = f"{self.object}, container {self.container}" if self.container else self.object
        return f"{where}: {self.sentence}"

    def as_fatal(self, sentence: str = "") -> Finding:
        """The same, past its patience."""
        return replace(self, severity=Severity.FATAL, sentence=sentence or self.sentence, patience=0.0)

    def as_suspicious(self, patience: float) -> Finding:
        """The same, less certain."""
        return replace(self, severity=Severity.SUSPICIOUS, patience=patience)

    def as_waiting(self) -> Finding:
        """The same, of no weight by itself."""
        return replace(self, severity=Severity.WAITING, patience=0.0)

    def as_healing(self, seconds: float = 0.0) -> Finding:
        """The same where time alone may heal it, within so many seconds."""
        seconds = seconds or PROGRESS_SECONDS
        return replace(self, severity=Severity.SUSPICIOUS, patience=seconds, heals=True)


def fatal(cause: Cause, obj: str, sentence: str, container: str = "", advice: str = "") -> Finding:
    """A finding that ends the rollout at once."""
    return Finding(cause, Severity.FATAL, obj, sentence, container, advice=advice)


def healing(cause: Cause, obj: str, sentence: str, container: str = "", advice: str = "") -> Finding:
    """A finding that time alone may heal: it lasts as long as its workload may be without progress."""
    return Finding(
        cause, Severity.SUSPICIOUS, obj, sentence, container, PROGRESS_SECONDS, heals=True, advice=advice
    )


def within(findings: Iterable[Finding], workload: Any) -> list[Finding]:
    """The findings about a workload, those that heal with the time that it gives its own progress.

    That is spec.progressDeadlineSeconds, 600 where it has none (the API's default for Deployments), and never
    less than PROGRESS_FLOOR: below that no start could be told from a fault.
    """
    allowed = number(workload, "spec", "progressDeadlineSeconds", default=int(PROGRESS_SECONDS))
    seconds = float(max(PROGRESS_FLOOR, allowed))
    return [each.as_healing(seconds) if each.heals and each.patience else each for each in findings]


def suspicious(
    cause: Cause,
    obj: str,
    sentence: str,
    container: str = "",
    patience: float = 0.0,
    settles: float = 0.0,
    advice: str = "",
) -> Finding:
    """A finding that ends the rollout when it stays; its cause's usual patience unless told."""
    patience = patience or PATIENCE[cause]
    return Finding(cause, Severity.SUSPICIOUS, obj, sentence, container, patience, settles, advice=advice)


def waiting(cause: Cause, obj: str, sentence: str, container: str = "", settles: float = 0.0) -> Finding:
    """Something that is awaited, or not this release's fault."""
    return Finding(cause, Severity.WAITING, obj, sentence, container, settles=settles)


_GRAVITY = {Severity.FATAL: 0, Severity.SUSPICIOUS: 1, Severity.WAITING: 2}
_ORDER = {cause: place for place, cause in enumerate(Cause)}


def ordered(findings: list[Finding]) -> list[Finding]:
    """Gravest first, roots before consequences, each once. The order they came in changes nothing."""
    distinct = {finding.key: finding for finding in sorted(findings, key=_rank, reverse=True)}
    return sorted(distinct.values(), key=_rank)


def roots_first(findings: Iterable[Finding]) -> list[Finding]:
    """By cause alone, however certain: what most likely lies at the bottom of it comes first."""
    return sorted(findings, key=lambda finding: (_ORDER[finding.cause], _rank(finding)))


def _rank(finding: Finding) -> tuple[int, int, str, str, str]:
    return (
        _GRAVITY[finding.severity],
        _ORDER[finding.cause],
        finding.object,
        finding.container,
        finding.sentence,
    )
