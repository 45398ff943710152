"""One pod's JSON to findings: pure, no clock, no network, and no exception for any mutilated input."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from toolkit.cluster import signs
from toolkit.cluster.fields import condition, mapping, number, objects, owner, shown, text
from toolkit.cluster.finding import Cause, Finding, fatal, suspicious, waiting

Json = dict[str, Any]


def of_pod(pod: Any, events: Iterable[Any] = ()) -> list[Finding]:
    """What is wrong with a pod, or what it waits for; [] when nothing is.

    events are those of this pod, oldest first. Of a pod that is ready with no restart, being deleted or done
    there is nothing to say.
    """
    status = mapping(pod, "status")
    containers = objects(status, "containerStatuses")
    ready = condition(pod, "Ready").get("status") == "True"
    if ready and not any(each.get("restartCount") for each in containers):
        return []
    phase = status.get("phase")
    if phase == "Succeeded" or mapping(pod, "metadata").get("deletionTimestamp"):
        return []
    return _Pod(pod, [event for event in events if isinstance(event, dict)]).findings()


class _Pod:
    """A pod that is not simply fine, with the events that concern it."""

    def __init__(self, pod: Json, events: list[Json]) -> None:
        self.pod = pod
        self.events = events
        self.name = shown({"kind": "Pod", "metadata": mapping(pod, "metadata")})
        # A Job counts its pods' exits itself (backoffLimit); only what can never run is told from the pod.
        self.runs_for_ever = text(pod, "spec", "restartPolicy") in ("", "Always") and not owner(pod, "Job")

    def findings(self) -> list[Finding]:
        disruption = self._disruption()
        if disruption:
            return [disruption]
        found = [finding for finding in (self._scheduling(), self._volumes()) if finding]
        found += self._containers("initContainerStatuses", "initContainers")
        found += self._containers("containerStatuses", "containers")
        if not found and condition(self.pod, "Ready").get("status") != "True":
            found.append(self._not_ready_otherwise())
        return found

    def _disruption(self) -> Finding | None:
        reason = text(self.pod, "status", "reason")
        target = condition(self.pod, "DisruptionTarget")
        if reason not in signs.DISRUPTED and target.get("status") != "True":
            return None
        said = text(self.pod, "status", "message") or text(target, "message") or text(target, "reason")
        return waiting(
            Cause.DISRUPTION, self.name, f"the cluster ended it ({reason or 'disruption'}): {_short(said)}"
        )

    def _scheduling(self) -> Finding | None:
        scheduled = condition(self.pod, "PodScheduled")
        if scheduled.get("status") != "False":
            return None
        said = text(scheduled, "message") or text(scheduled, "reason")
        if text(scheduled, "reason") == "SchedulingGated":
            return waiting(Cause.STARTING, self.name, f"held back by a scheduling gate: {_short(said)}")
        cause = signs.scheduling_failure(said)
        return suspicious(cause, self.name, f"no node takes it: {_short(said)}")

    def _volumes(self) -> Finding | None:
        if condition(self.pod, "ContainersReady").get("status") == "True" or not self._creating():
            return None
        for event in reversed(self.events):
            reason, said = text(event, "reason"), text(event, "message")
            if reason in signs.MOUNT_FAILED:
                cause = signs.mount_failure(said)
                return suspicious(cause, self.name, f"a volume cannot be mounted: {_short(said)}", patience=0)
            if reason in signs.POD_SANDBOX_FAILED:
                return suspicious(Cause.POD_SANDBOX, self.name, f"the node cannot set it up: {_short(said)}")
        return None

    def _creating(self) -> bool:
        statuses = objects(self.pod, "status", "containerStatuses")
        reasons = {text(each, "state", "waiting", "reason") for each in statuses}
        return not statuses or bool(reasons & {"ContainerCreating", "PodInitializing", ""})

    def _not_ready_otherwise(self) -> Finding:
        ready = condition(self.pod, "Ready")
        if text(ready, "reason") == "ReadinessGatesNotReady":
            return waiting(
                Cause.STARTING, self.name, f"waits for a readiness gate: {_short(text(ready, 'message'))}"
            )
        if text(self.pod, "status", "phase") == "Failed" and self.runs_for_ever:
            said = (
                text(self.pod, "status", "message") or text(self.pod, "status", "reason") or "no reason given"
            )
            return waiting(Cause.DISRUPTION, self.name, f"failed as a whole: {_short(said)}")
        return waiting(Cause.STARTING, self.name, "is starting")

    def _containers(self, statuses: str, specs: str) -> list[Finding]:
        known = {text(spec, "name"): spec for spec in objects(self.pod, "spec", specs)}
        found = []
        for status in objects(self.pod, "status", statuses):
            spec = known.get(text(status, "name"), {})
            finding = self._container(status, spec, init=specs == "initContainers")
            if finding:
                found.append(finding)
        return found

    def _container(self, status: Json, spec: Json, *, init: bool) -> Finding | None:
        name = text(status, "name")
        state = mapping(status, "state")
        reason, said = text(state, "waiting", "reason"), text(state, "waiting", "message")
        image = text(spec, "image") or text(status, "image")
        if reason in signs.IMAGE_NAME:
            return fatal(
                Cause.IMAGE, self.name, f"the image {image} cannot be had ({reason}): {_short(said)}", name
            )
        if reason in signs.PULLING:
            return self._pull(name, image, said)
        if reason in signs.CONFIGURATION:
            sentence = f"its configuration is not there or not allowed: {_short(said)}"
            return suspicious(Cause.CONFIGURATION, self.name, sentence, name)
        if reason in signs.STARTING:
            return fatal(
                Cause.COMMAND, self.name, f"its command cannot be run ({reason}): {_short(said)}", name
            )
        if reason in signs.CREATING:
            return suspicious(
                Cause.COMMAND, self.name, f"it cannot be created ({reason}): {_short(said)}", name
            )
        sidecar = init and text(spec, "restartPolicy") == "Always"
        exited = self._exits(status, spec, must_stay=not init or sidecar)
        if exited or (init and not sidecar):
            return exited
        return self._readiness(status, spec)

    def _pull(self, name: str, image: str, said: str) -> Finding:
        # While it backs off the kubelet may repeat no reason; the last "Failed" event has it.
        failed = [text(event, "message") for event in self.events if text(event, "reason") == "Failed"]
        words = [said, *(line for line in reversed(failed) if image and image in line)]
        cause = next(
            (Cause.IMAGE for line in words[:2] if signs.pull_failure(line) is Cause.IMAGE), Cause.REGISTRY
        )
        shown_words = _short(max(words[:2], key=len))
        if cause is Cause.IMAGE:
            return fatal(cause, self.name, f"the image {image} does not exist: {shown_words}", name)
        return suspicious(cause, self.name, f"the image {image} cannot be pulled: {shown_words}", name)

    def _exits(self, status: Json, spec: Json, *, must_stay: bool) -> Finding | None:
        now = mapping(status, "state", "terminated")
        last = now or mapping(status, "lastState", "terminated")
        backing_off = text(status, "state", "waiting", "reason") == signs.BACK_OFF
        restarts = number(status, "restartCount")
        exits = restarts + (1 if now or backing_off else 0)
        code = number(last, "exitCode", default=-1)
        if not exits or not self.runs_for_ever or (not must_stay and now and code == 0):
            return None
        if not must_stay and not backing_off and not now:
            exits = max(exits, 1)
        name = text(status, "name")
        if status.get("ready") is True:
            sentence = (
                f"restarted {_times(restarts)}, runs and is ready now; it ended with {_exit_words(last)}"
            )
            if restarts < 3:
                return waiting(Cause.CRASH, self.name, sentence, name)
            return suspicious(Cause.CRASH, self.name, sentence, name, patience=10)
        again = exits >= 2 or backing_off
        reason = text(last, "reason")
        if reason == "OOMKilled":
            limit = text(spec, "resources", "limits", "memory") or "none set"
            sentence = f"ran out of memory {_times(exits)} (memory limit: {limit})"
            return _graded(exits >= 2, Cause.OUT_OF_MEMORY, self.name, sentence, name)
        if reason in signs.NEVER_RAN or code in signs.CANNOT_RUN:
            words = signs.CANNOT_RUN.get(code, "could not be started")
            said = _short(text(last, "message")) or f"exit code {code}"
            return fatal(Cause.COMMAND, self.name, f"its command {words}: {said}", name)
        probe, answer = self._probe_kill(name)
        if probe:
            sentence = f"its {probe} probe failed and it was restarted, {_times(exits)} so far: {answer}"
            return _graded(exits >= 2, Cause.PROBE, self.name, sentence, name)
        sentence = f"ended {_times(exits)} after its start, last with {_exit_words(last)}"
        return _graded(again, Cause.CRASH, self.name, sentence, name)

    def _probe_kill(self, container: str) -> tuple[str, str]:
        """Which probe had the container killed, and that probe's last answer."""
        mine = [event for event in self.events if self._about(event, container)]
        for event in reversed(mine):
            probe = signs.probe_kill(text(event, "message")) if text(event, "reason") == "Killing" else ""
            if probe:
                return probe, self._last_answer(mine, probe)
        return "", ""

    def _last_answer(self, events: list[Json], probe: str) -> str:
        said = [text(event, "message") for event in events if text(event, "reason") == "Unhealthy"]
        return next(
            (_short(line) for line in reversed(said) if line.lower().startswith(probe)), "no answer recorded"
        )

    def _about(self, event: Json, container: str) -> bool:
        field = text(event, "involvedObject", "fieldPath")
        return not field or field.endswith(f"{{{container}}}")

    def _readiness(self, status: Json, spec: Json) -> Finding | None:
        name = text(status, "name")
        if status.get("ready") is not False or not mapping(status, "state", "running"):
            return None
        startup = mapping(spec, "startupProbe")
        mine = [event for event in self.events if self._about(event, name)]
        if startup and status.get("started") is False:
            said = self._last_answer(mine, "startup")
            return waiting(Cause.STARTING, self.name, f"its startup probe has not passed yet: {said}", name)
        probe = mapping(spec, "readinessProbe")
        if not probe:
            return None
        sentence = f"{_probe_words(probe)} does not pass: {self._last_answer(mine, 'readiness')}"
        return suspicious(Cause.READINESS, self.name, sentence, name, patience=readiness_patience(spec))


def readiness_patience(container: Any) -> float:
    """Seconds until a container that runs and is not ready is called doomed.

    initialDelay + period x failureThreshold x 2 of the readiness probe; defaults are the API's (0, 10, 3).
    """
    probe = mapping(container, "readinessProbe")
    period = max(1, number(probe, "periodSeconds", default=10))
    threshold = max(1, number(probe, "failureThreshold", default=3))
    return float(number(probe, "initialDelaySeconds") + period * threshold * 2)


def _graded(certain: bool, cause: Cause, obj: str, sentence: str, container: str) -> Finding:
    if certain:
        return fatal(cause, obj, sentence, container)
    return suspicious(cause, obj, sentence, container)


def _probe_words(probe: Json) -> str:
    http = mapping(probe, "httpGet")
    if http:
        return f"its readiness probe GET {text(http, 'path') or '/'} on port {http.get('port', '?')}"
    return "its readiness probe"


def _exit_words(last: Json) -> str:
    code, signal = number(last, "exitCode", default=-1), number(last, "signal")
    if signal:
        return f"signal {signal}"
    words = {
        0: "exit code 0 (it should keep running)",
        137: "exit code 137 (killed)",
        143: "exit code 143 (stopped)",
    }
    return words.get(code, f"exit code {code}" if code >= 0 else "an unknown exit code")


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _short(message: str) -> str:
    """A message on one line, no longer than a person reads."""
    line = " ".join(message.split())
    return line if len(line) <= 400 else line[:397] + "..."
