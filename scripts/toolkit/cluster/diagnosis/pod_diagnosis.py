"""One pod's JSON to findings: pure, no clock, no network, and no exception for any mutilated input."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from toolkit.cluster.diagnosis import signs
from toolkit.cluster.diagnosis.container_diagnosis import Container, short
from toolkit.cluster.diagnosis.finding import Cause, Finding, fatal, healing, suspicious, waiting
from toolkit.objects.fields import condition, mapping, number, objects, owner, shown, text

Json = dict[str, Any]
# A Secret that comes a moment after the pod is mounted at the kubelet's next try, some seconds later.
MOUNT_PATIENCE = 10.0
# An autoscaler has said that it adds no node: it looks again every 10 s, and takes that back if it can.
NO_NODE_PATIENCE = 20.0
# What comes after the end of a container that is to end: a Job tells its pods' ends itself, else the kubelet
# goes by the pod's restartPolicy.
BY_JOB = "its Job tries again, or gives up"
AFTERWARDS = {"OnFailure": "it is started again", "Never": "it is not started again"}


def of_pod(pod: Any, events: Iterable[Any] = ()) -> list[Finding]:
    """What is wrong with a pod, or what it waits for; [] when nothing is.

    events are those of this pod, oldest first. Of a pod that is ready with no restart and no complaint, that
    is being deleted or that is done there is nothing to say.
    """
    status = mapping(pod, "status")
    told = [event for event in events if isinstance(event, dict)]
    if condition(pod, "Ready").get("status") == "True" and not _restarted(status) and not _unhealthy(told):
        return []
    if status.get("phase") == "Succeeded" or mapping(pod, "metadata").get("deletionTimestamp"):
        return []
    return _Pod(mapping(pod), told).findings()


def _restarted(status: Json) -> bool:
    return any(
        number(each, "restartCount")
        for key in ("containerStatuses", "initContainerStatuses")
        for each in objects(status, key)
    )


def _unhealthy(events: list[Json]) -> bool:
    return any(text(event, "reason") == "Unhealthy" for event in events)


class _Pod:
    """A pod that is not simply fine, with the events that concern it."""

    def __init__(self, pod: Json, events: list[Json]) -> None:
        self.pod = pod
        self.events = events
        self.name = shown({"kind": "Pod", "metadata": mapping(pod, "metadata")})
        # A Job counts its pods' exits itself (backoffLimit); only what can never run is told from the pod.
        policy, by_job = text(pod, "spec", "restartPolicy"), bool(owner(pod, "Job"))
        self.runs_for_ever = policy in ("", "Always") and not by_job
        self.afterwards = BY_JOB if by_job else AFTERWARDS.get(policy, AFTERWARDS["Never"])

    def findings(self) -> list[Finding]:
        whole = self._disruption() or self._refused()
        if whole:
            return [whole]
        found = [finding for finding in (self._scheduling(), self._volumes()) if finding]
        found += self._containers("initContainerStatuses", "initContainers")
        found += self._containers("containerStatuses", "containers")
        if not found and condition(self.pod, "Ready").get("status") != "True":
            found.append(self._not_ready_otherwise())
        return found

    def _disruption(self) -> Finding | None:
        reason = text(self.pod, "status", "reason")
        target = condition(self.pod, "DisruptionTarget")
        unknown = text(self.pod, "status", "phase") == "Unknown"
        if reason not in signs.DISRUPTED and target.get("status") != "True" and not unknown:
            return None
        said = text(self.pod, "status", "message") or text(target, "message") or text(target, "reason")
        why = reason or ("its node does not answer" if unknown else "disruption")
        return waiting(Cause.DISRUPTION, self.name, f"the cluster ended it ({why}): {short(said)}")

    def _refused(self) -> Finding | None:
        """A node that will never take such a pod."""
        reason = text(self.pod, "status", "reason")
        if reason not in signs.REFUSED_BY_NODE or text(self.pod, "status", "phase") != "Failed":
            return None
        said = short(text(self.pod, "status", "message"))
        return fatal(Cause.ADMISSION, self.name, f"its node refuses it ({reason}): {said}")

    def _scheduling(self) -> Finding | None:
        scheduled = condition(self.pod, "PodScheduled")
        if scheduled.get("status") != "False":
            return None
        said = text(scheduled, "message") or text(scheduled, "reason")
        if text(scheduled, "reason") == "SchedulingGated":
            return waiting(Cause.STARTING, self.name, f"held back by a scheduling gate: {short(said)}")
        sentence = f"no node takes it: {short(said)}"
        cause = signs.scheduling_failure(said)
        if cause is Cause.VOLUME:
            return healing(cause, self.name, sentence)
        words = signs.NODE_COMES | signs.NO_NODE_COMES
        last = next((each for each in reversed(self.events) if text(each, "reason") in words), {})
        if text(last, "reason") in signs.NODE_COMES:
            comes = short(text(last, "message"))
            return healing(cause, self.name, f"{sentence}; an autoscaler adds one: {comes}")
        if text(self.pod, "status", "nominatedNodeName") or signs.is_about_nodes(said):
            return healing(cause, self.name, sentence)
        if text(last, "reason") in signs.NO_NODE_COMES:
            none = f"{sentence}; an autoscaler adds none: {short(text(last, 'message'))}"
            return suspicious(cause, self.name, none, patience=NO_NODE_PATIENCE)
        return suspicious(cause, self.name, sentence)

    def _volumes(self) -> Finding | None:
        if condition(self.pod, "ContainersReady").get("status") == "True" or not self._creating():
            return None
        for event in reversed(self.events):
            reason, said = text(event, "reason"), text(event, "message")
            if reason in signs.SET_UP:
                return None
            if reason in signs.MOUNT_FAILED:
                sentence = f"a volume cannot be mounted: {short(said)}"
                if signs.mount_failure(said) is Cause.CONFIGURATION:
                    return suspicious(Cause.CONFIGURATION, self.name, sentence, patience=MOUNT_PATIENCE)
                return healing(Cause.VOLUME, self.name, sentence)
            if reason in signs.POD_SANDBOX_FAILED:
                return healing(Cause.POD_SANDBOX, self.name, f"the node cannot set it up: {short(said)}")
        return None

    def _creating(self) -> bool:
        statuses = objects(self.pod, "status", "containerStatuses")
        reasons = {text(each, "state", "waiting", "reason") for each in statuses}
        return not statuses or bool(reasons & {"ContainerCreating", "PodInitializing", ""})

    def _not_ready_otherwise(self) -> Finding:
        ready = condition(self.pod, "Ready")
        if text(ready, "reason") == "ReadinessGatesNotReady":
            return waiting(
                Cause.STARTING, self.name, f"waits for a readiness gate: {short(text(ready, 'message'))}"
            )
        if text(self.pod, "status", "phase") == "Failed" and self.runs_for_ever:
            said = (
                text(self.pod, "status", "message") or text(self.pod, "status", "reason") or "no reason given"
            )
            return waiting(Cause.DISRUPTION, self.name, f"failed as a whole: {short(said)}")
        if ready.get("status") == "False" and condition(self.pod, "ContainersReady").get("status") == "True":
            # The node controller takes Ready away from the pods of a node that does not report.
            return waiting(
                Cause.DISRUPTION, self.name, "its containers are ready and it is not: see its node"
            )
        return waiting(Cause.STARTING, self.name, "is starting")

    def _containers(self, statuses: str, specs: str) -> list[Finding]:
        known = {text(spec, "name"): spec for spec in objects(self.pod, "spec", specs)}
        ready = condition(self.pod, "Ready")
        since = text(ready, "lastTransitionTime")
        is_ready = ready.get("status") == "True"
        found = []
        for status in objects(self.pod, "status", statuses):
            name = text(status, "name")
            container = Container(
                self.name,
                status,
                known.get(name, {}),
                [event for event in self.events if _is_about(event, name)],
                init=specs == "initContainers",
                lasting=self.runs_for_ever,
                ready_since=since if is_ready else "",
                unready_since="" if is_ready else since,
                afterwards=self.afterwards,
            )
            found += container.findings()
        return found


def _is_about(event: Json, container: str) -> bool:
    field = text(event, "involvedObject", "fieldPath")
    return not field or field.endswith(f"{{{container}}}")
