"""Pods: what printPod of Kubernetes (pkg/printers/internalversion) makes of phases, containers and
conditions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.api.reading.printers.cells import NONE, age, containers, holds, labels, name, printer
from sandbox.api.reading.printers.times import human, seconds
from sandbox.api.types.sections import each, section

Object = dict[str, Any]


@dataclass
class _Restarts:
    count: int = 0
    last: float | None = None

    def add(self, status: Object) -> None:
        self.count += status.get("restartCount") or 0
        ended = seconds(section(status, "lastState", "terminated").get("finishedAt"))
        if ended is not None:
            self.last = max(ended, self.last or ended)

    def text(self, now: float) -> str:
        known = self.count and self.last is not None
        return f"{self.count} ({human(now - (self.last or 0))} ago)" if known else str(self.count)


def _sidecars(pod: Object) -> set[str]:
    """Init containers that keep running beside the others."""
    found = each(section(pod, "spec"), "initContainers")
    return {str(c.get("name")) for c in found if c.get("restartPolicy") == "Always"}


def _ended(state: Object) -> str:
    """The reason of a terminated state, or what it ended with."""
    if state.get("reason"):
        return str(state["reason"])
    if state.get("signal"):
        return f"Signal:{state['signal']}"
    return f"ExitCode:{state.get('exitCode', 0)}"


def _pod(pod: Object, now: float) -> list[Any]:
    spec, status = section(pod, "spec"), section(pod, "status")
    reason, ready, restarts = summary(pod)
    total = len(each(spec, "containers")) + len(_sidecars(pod))
    addresses = [entry.get("ip") for entry in each(status, "podIPs")] or [status.get("podIP")]
    gates = each(spec, "readinessGates")
    open_gates = sum(holds(pod, str(gate.get("conditionType"))) for gate in gates)
    return [
        name(pod),
        f"{ready}/{total}",
        reason,
        restarts.text(now),
        age(pod, now),
        addresses[0] or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        f"{open_gates}/{len(gates)}" if gates else NONE,
    ]


def summary(pod: Object) -> tuple[str, int, _Restarts]:
    """The STATUS of a pod, how many of its containers are ready, and their restarts."""
    metadata, status = section(pod, "metadata"), section(pod, "status")
    phase = status.get("phase", "")
    reason = status.get("reason") or phase
    if any(c.get("reason") == "SchedulingGated" for c in each(status, "conditions")):
        reason = "SchedulingGated"
    sidecars = _sidecars(pod)
    ready, restarts, started = 0, _Restarts(), _Restarts()
    initializing = ""
    for i, container in enumerate(each(status, "initContainerStatuses")):
        restarts.add(container)
        sidecar = container.get("name") in sidecars
        if sidecar:
            started.add(container)
        state = section(container, "state")
        if "terminated" in state and section(state, "terminated").get("exitCode") == 0:
            continue
        if sidecar and container.get("started") is True:
            ready += container.get("ready") is True
            continue
        initializing = _initializing(state, i, len(each(section(pod, "spec"), "initContainers")))
        break
    reason = initializing or reason
    if not initializing or holds(pod, "Initialized"):
        restarts = started
        running, reason, count = _running(pod, reason, restarts)
        ready += count
        if reason == "Completed" and running:
            reason = "Running" if holds(pod, "Ready") else "NotReady"
    if metadata.get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif phase not in ("Succeeded", "Failed"):
            reason = "Terminating"
    return str(reason), ready, restarts


def _initializing(state: Object, i: int, total: int) -> str:
    if "terminated" in state:
        return "Init:" + _ended(section(state, "terminated"))
    waiting = section(state, "waiting").get("reason")
    return f"Init:{waiting}" if waiting and waiting != "PodInitializing" else f"Init:{i}/{total}"


def _running(pod: Object, reason: str, restarts: _Restarts) -> tuple[bool, str, int]:
    """Whether a container runs and is ready, the reason that the first one has to say, how many are ready."""
    running, ready = False, 0
    for container in reversed(each(section(pod, "status"), "containerStatuses")):
        restarts.add(container)
        state = section(container, "state")
        if section(state, "waiting").get("reason"):
            reason = section(state, "waiting")["reason"]
        elif "terminated" in state:
            reason = _ended(section(state, "terminated"))
        elif container.get("ready") is True and "running" in state:
            running, ready = True, ready + 1
    return running, reason, ready


def row_conditions(pod: Object) -> Iterator[Object]:
    """What marks a row as finished, so that kubectl can leave it out."""
    phase = section(pod, "status").get("phase")
    told = {"Succeeded": "The pod has completed successfully.", "Failed": "The pod failed."}
    if phase in told:
        yield {"type": "Completed", "status": "True", "reason": phase, "message": told[phase]}


def _template(obj: Object, _now: float) -> list[Any]:
    template = section(obj, "template")
    return [
        name(obj),
        *containers(section(template, "spec")),
        labels(section(template, "metadata", "labels")),
    ]


PRINTERS = {
    "Pod": printer("Name  Ready  Status  Restarts  Age  +IP  +Node  +Nominated Node  +Readiness Gates", _pod),
    "PodTemplate": printer("Name  Containers  Images  Pod Labels", _template),
}
