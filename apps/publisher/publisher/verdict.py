"""Is a form's new revision available, on its way, or doomed? Objects in, verdict out: pure."""

from dataclasses import dataclass
from typing import Any, Literal

from fb_platform.kubernetes import Object

from publisher.objects import REVISION

ENDS = 2  # so many ends of a new process are no accident

# What a container may wait for that does not come by waiting; the kubelet's own message says more.
HOPELESS = {
    "ImagePullBackOff": "its image cannot be fetched",
    "ErrImageNeverPull": "its image is not on the node",
    "InvalidImageName": "its image has an invalid name",
    "CreateContainerConfigError": "a ConfigMap or Secret that it needs is not there",
    "CreateContainerError": "its container cannot be made",
    "RunContainerError": "its program cannot be started",
    "StartError": "its program cannot be started",
}


@dataclass(frozen=True)
class Verdict:
    """`reason` is a sentence for people when the state is doomed."""

    state: Literal["ready", "coming", "doomed"]
    reason: str = ""


READY, COMING = Verdict("ready"), Verdict("coming")


def of_deployment(found: Object) -> Verdict:
    """What the Deployment's own status says (the rules of `kubectl rollout status`)."""
    status: dict[str, Any] = found.get("status") or {}
    if status.get("observedGeneration", 0) < found["metadata"].get("generation", 0):
        return COMING
    for each in status.get("conditions") or []:
        if each["type"] == "Progressing" and each.get("reason") == "ProgressDeadlineExceeded":
            return Verdict("doomed", "The form did not become ready in time.")
        if each["type"] == "ReplicaFailure" and each["status"] == "True":
            return Verdict("doomed", f"The cluster refuses the form's pods: {each.get('message', '')}")
    wanted = found["spec"].get("replicas", 1)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    is_there = updated >= wanted and available >= updated and status.get("replicas", 0) <= updated
    return READY if is_there else COMING


def of_pods(pods: list[Object], revision: str) -> Verdict:
    """What the pods of one revision say: doomed as soon as one of them has no hope, else coming."""
    for pod in pods:
        metadata, status = pod["metadata"], pod.get("status") or {}
        if (metadata.get("annotations") or {}).get(REVISION) != revision or metadata.get("deletionTimestamp"):
            continue
        kinds = ("initContainerStatuses", "containerStatuses")
        for container in (each for kind in kinds for each in status.get(kind) or []):
            if reason := _hopeless(container):
                return Verdict("doomed", f"The form cannot run: {reason}.")
    return COMING


def _hopeless(container: dict[str, Any]) -> str:
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason, message = waiting.get("reason", ""), waiting.get("message", "").strip().rstrip(".")
    if reason in HOPELESS:
        return f"{HOPELESS[reason]} ({message})" if message else HOPELESS[reason]
    if reason == "CrashLoopBackOff" or (
        container.get("restartCount", 0) >= ENDS and not container.get("ready")
    ):
        ended = [(container.get(when) or {}).get("terminated") for when in ("state", "lastState")]
        code = next((each["exitCode"] for each in ended if each), None)
        return "its program ends again and again" + ("" if code is None else f", last with exit code {code}")
    return ""
