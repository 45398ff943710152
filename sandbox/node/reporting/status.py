"""A pod's status from what its containers do. Pure.

Rules: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ and the kubelet's getPhase.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.base import quantity

Object = dict[str, Any]


def waiting(reason: str, message: str = "") -> Object:
    """A container's state before it runs."""
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


@dataclass
class ContainerView:
    """What the node knows of one container; ``state`` and ``last_state`` are the API's objects."""

    name: str
    image: str
    state: Object = field(default_factory=lambda: waiting("ContainerCreating"))
    last_state: Object = field(default_factory=dict)
    ready: bool = False
    started: bool = False
    restarts: int = 0
    image_id: str = ""
    container_id: str = ""
    sidecar: bool = False  # an init container with restartPolicy Always

    @property
    def running(self) -> bool:
        """Whether its process runs now."""
        return "running" in self.state

    @property
    def ended(self) -> Object | None:
        """How it ended, when it has and will not be started again."""
        return self.state.get("terminated")

    def status(self) -> Object:
        """The ContainerStatus."""
        shown: Object = {
            "name": self.name,
            "image": self.image,
            "imageID": self.image_id,
            "state": self.state,
            "lastState": self.last_state,
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
        }
        if self.container_id:
            shown["containerID"] = self.container_id
        return shown


@dataclass
class PodView:
    """Everything a pod's status is made of. Times are RFC 3339 strings."""

    pod: Object
    containers: list[ContainerView]
    inits: list[ContainerView]
    pod_ip: str
    host_ip: str
    started: str
    reason: str = ""  # set when the node gave the pod up: DeadlineExceeded, UnsupportedPod
    message: str = ""
    set_up: bool = False  # volumes and address are there


def phase(view: PodView) -> str:
    """Pending, Running, Succeeded or Failed."""
    if view.reason:
        return "Failed"
    policy = view.pod["spec"].get("restartPolicy", "Always")
    for init in view.inits:
        if init.sidecar:
            if not init.started:
                return "Pending"
        elif init.ended is None or init.ended["exitCode"] != 0:
            return "Failed" if init.ended and policy == "Never" else "Pending"
    stopped = [
        one for one in view.containers if one.ended or (not one.running and "terminated" in one.last_state)
    ]
    running = [one for one in view.containers if one.running]
    if len(stopped) + len(running) < len(view.containers):
        return "Pending"
    if running or policy == "Always":
        return "Running"
    if all(one.ended and one.ended["exitCode"] == 0 for one in stopped):
        return "Succeeded"
    if policy == "Never":
        return "Failed"
    return "Running"


def initialized(view: PodView) -> bool:
    """Whether every init container is done (a sidecar: has started)."""
    return all(
        init.started if init.sidecar else bool(init.ended and init.ended["exitCode"] == 0)
        for init in view.inits
    )


def pod_status(view: PodView, now: str) -> Object:
    """The PodStatus; conditions that others keep (PodScheduled, readiness gates) are carried over."""
    old = view.pod.get("status") or {}
    current = phase(view)
    status: Object = {
        "phase": current,
        "hostIP": view.host_ip,
        "hostIPs": [{"ip": view.host_ip}],
        "startTime": view.started,
        "qosClass": qos_class(view.pod),
        "containerStatuses": [one.status() for one in view.containers],
        "conditions": _conditions(
            view, current, {one["type"]: one for one in old.get("conditions") or ()}, now
        ),
    }
    if view.pod_ip:
        status |= {"podIP": view.pod_ip, "podIPs": [{"ip": view.pod_ip}]}
    if view.inits:
        status["initContainerStatuses"] = [one.status() for one in view.inits]
    if view.reason:
        status |= {"reason": view.reason, "message": view.message}
    return status


def _conditions(view: PodView, current: str, old: dict[str, Object], now: str) -> list[Object]:
    ended = current in ("Succeeded", "Failed")
    incomplete = [one.name for one in view.inits if not (one.ended and one.ended["exitCode"] == 0)]
    unready = [one.name for one in view.containers if not one.ready]
    done = {"reason": "PodCompleted"} if current == "Succeeded" else {"reason": "PodFailed"} if ended else {}
    truth: list[tuple[str, bool, Object]] = [
        ("PodReadyToStartContainers", view.set_up and not ended, {}),
    ]
    if initialized(view):
        truth.append(("Initialized", True, {"reason": "PodCompleted"} if current == "Succeeded" else {}))
    else:
        message = f"containers with incomplete status: [{' '.join(incomplete)}]"
        truth.append(("Initialized", False, {"reason": "ContainersNotInitialized", "message": message}))
    ready = current == "Running" and not unready
    why = {
        "reason": "ContainersNotReady",
        "message": f"containers with unready status: [{' '.join(unready)}]",
    }
    gates = [gate["conditionType"] for gate in view.pod["spec"].get("readinessGates") or ()]
    closed = [gate for gate in gates if old.get(gate, {}).get("status") != "True"]
    why_gate = {
        "reason": "ReadinessGatesNotReady",
        "message": "; ".join(
            f'corresponding condition of pod readiness gate "{gate}" does not exist.' for gate in closed
        ),
    }
    truth.append(("Ready", ready and not closed, done or (why if not ready else why_gate if closed else {})))
    truth.append(("ContainersReady", ready, done or ({} if ready else why)))
    ours = [_condition(kind, value, extra, old.get(kind), now) for kind, value, extra in truth]
    kept = [one for kind, one in old.items() if kind not in {mine["type"] for mine in ours}]
    if "PodScheduled" not in old:
        kept.append(_condition("PodScheduled", True, {}, None, now))
    return ours + kept


def _condition(kind: str, value: bool, extra: Object, old: Object | None, now: str) -> Object:
    word = "True" if value else "False"
    same = old is not None and old.get("status") == word
    changed = old["lastTransitionTime"] if same and old and old.get("lastTransitionTime") else now
    return {"type": kind, "status": word, "lastProbeTime": None, "lastTransitionTime": changed, **extra}


def qos_class(pod: Object) -> str:
    """Guaranteed, Burstable or BestEffort, from the requests and limits of every container."""
    everyone = [*pod["spec"].get("containers", ()), *(pod["spec"].get("initContainers") or ())]
    any_set, guaranteed = False, True
    for container in everyone:
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for what in ("cpu", "memory"):
            limit = quantity.parse(limits.get(what, 0))
            request = quantity.parse(requests.get(what, limits.get(what, 0)))
            any_set = any_set or bool(limit) or bool(request)
            guaranteed = guaranteed and bool(limit) and limit == request
    return "Guaranteed" if any_set and guaranteed else "Burstable" if any_set else "BestEffort"
