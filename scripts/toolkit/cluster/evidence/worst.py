"""Which pods tell the most about what is wrong, and what state they are in. Pure."""

from __future__ import annotations

from typing import Any

from toolkit.cluster.api.watch import Json
from toolkit.cluster.diagnosis import pods
from toolkit.cluster.diagnosis.diagnosis import new_replica_set, pods_of
from toolkit.cluster.diagnosis.finding import Severity
from toolkit.cluster.diagnosis.scene import Scene
from toolkit.objects.fields import mapping, name, number, objects, owner, text, uid

NOBODY = 1_000
MOST = 5
# Where nothing is wrong with a pod (its tests failed), the logs of some of the new ones may tell.
WELL = 3


def ranked(scene: Scene, object_: str = "") -> list[Json]:
    """The pods: first those of `object_` ("Kind/name", what the verdict is about), then by the gravity of
    what was found about them, then those of the new revision, by restarts."""
    blamed = _blamed(scene, object_)
    revisions = {uid(pod): revision(scene, pod) for pod in scene.all("Pod")}

    def rank(pod: Json) -> tuple[int, bool, bool, bool, int, str]:
        return (
            blamed.get(uid(pod), NOBODY),
            pods.leaves(pod),
            revisions[uid(pod)] == "old",
            pods.is_ready(pod) or text(pod, "status", "phase") == "Succeeded",
            -restarts(pod),
            name(pod),
        )

    return sorted(scene.all("Pod"), key=rank)


def worst(scene: Scene, object_: str = "") -> list[Json]:
    """The pods whose logs are worth keeping, the one that tells the most first."""
    blamed = _blamed(scene, object_)
    order = ranked(scene, object_)
    bad = [pod for pod in order if uid(pod) in blamed or (_is_ill(pod) and revision(scene, pod) != "old")]
    return bad[:MOST] or [pod for pod in order if text(pod, "status", "phase") != "Succeeded"][:WELL]


def revision(scene: Scene, pod: Json) -> str:
    """ "new" or "old" for a pod of a Deployment or StatefulSet, "job" for one of a Job, "" otherwise."""
    mine = owner(pod)
    for deployment in scene.all("Deployment"):
        sets = [each for each in scene.all("ReplicaSet") if owner(each) == uid(deployment)]
        if any(uid(each) == mine for each in sets):
            newest = new_replica_set(deployment, sets)
            return "new" if newest is not None and uid(newest) == mine else "old"
    if owner(pod, "ReplicaSet"):
        return "old"  # of a Deployment that is gone
    for stateful in scene.all("StatefulSet"):
        if uid(stateful) == mine:
            wanted = text(stateful, "status", "updateRevision")
            return "new" if text(pod, "metadata", "labels", "controller-revision-hash") == wanted else "old"
    return "job" if owner(pod, "Job") else ""


def restarts(pod: Json) -> int:
    """How often containers of the pod were restarted, all together."""
    return sum(number(status, "restartCount") for status in statuses(pod))


def statuses(pod: Json) -> list[Json]:
    """Of all containers, those that run before the others first."""
    return [*objects(pod, "status", "initContainerStatuses"), *objects(pod, "status", "containerStatuses")]


def state(pod: Json) -> str:
    """Why a pod is as it is, in the API's own words; "" when all is well."""
    reasons = [text(pod, "status", "reason")]
    if pods.leaves(pod):
        reasons.append("Terminating")
    for status in statuses(pod):
        waits = text(status, "state", "waiting", "reason")
        ended = mapping(status, "state", "terminated") or mapping(status, "lastState", "terminated")
        if number(ended, "exitCode") == 0 and not waits and text(status, "state", "terminated", "reason"):
            continue  # an init container or a Job that is done
        said = [waits] if waits not in ("", "PodInitializing", "ContainerCreating") else []
        if ended and number(status, "restartCount"):
            said.append(f"last exit {number(ended, 'exitCode')} {text(ended, 'reason')}".strip())
        elif ended:
            said.append(f"exit {number(ended, 'exitCode')} {text(ended, 'reason')}".strip())
        if said:
            reasons.append(f"{text(status, 'name')}: {', '.join(said)}")
    if not any(reasons) and not pods.is_ready(pod) and text(pod, "status", "phase") not in ("Succeeded", ""):
        waiting = [text(each, "name") for each in statuses(pod) if each.get("ready") is not True]
        reasons.append(f"not ready: {', '.join(waiting)}" if waiting else "not ready")
    return "; ".join(reason for reason in reasons if reason)


def is_told_by_previous(pod: Json, container: str) -> bool:
    """Whether the log that tells is the one from before the restart."""
    for status in statuses(pod):
        if text(status, "name") == container:
            # A terminated container's own log is still the current one.
            return number(status, "restartCount") > 0 and not mapping(status, "state", "terminated")
    return False


def _is_ill(pod: Json) -> bool:
    if text(pod, "status", "phase") == "Succeeded" or pods.leaves(pod):
        return False
    return not pods.is_ready(pod) or restarts(pod) > 0


def _blamed(scene: Scene, object_: str) -> dict[str, int]:
    """Pod uid to the place, from 0, of the gravest finding that means it."""
    named = [object_] if object_ else []
    grave = [finding.object for finding in scene.findings if finding.severity is not Severity.WAITING]
    blamed: dict[str, int] = {}
    for place, each in enumerate(dict.fromkeys([*named, *grave])):
        for pod in _meant(scene, each):
            blamed.setdefault(uid(pod), place)
    return blamed


def _meant(scene: Scene, object_: str) -> list[Any]:
    """The pods that Kind/name stands for: itself, those of a controller, the new ones of a Deployment."""
    kind, _, named = object_.partition("/")
    mine = [each for each in scene.all(kind) if name(each) == named]
    if kind == "Pod":
        return mine
    if kind == "Deployment":
        mine = [new for each in mine if (new := new_replica_set(each, scene.all("ReplicaSet"))) is not None]
    return [pod for controller in mine for pod in pods_of(controller, scene.all("Pod"))]
