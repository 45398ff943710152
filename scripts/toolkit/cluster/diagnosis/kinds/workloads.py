"""Deployments, StatefulSets, DaemonSets, bare ReplicaSets and ReplicationControllers: as many pods as wanted.

Required share: how many of them an app asks for; what is wrong with no more than the others is told and does
not count.
"""

from __future__ import annotations

from toolkit.cluster.diagnosis import diagnosis, progress, signs, workloads
from toolkit.cluster.diagnosis.container_diagnosis import short
from toolkit.cluster.diagnosis.finding import Cause, Finding, Severity, fatal, ordered, suspicious, waiting
from toolkit.cluster.diagnosis.kinds.rule import Applied, Around, Json, State, View, good, pending
from toolkit.objects.fields import at, condition, name, number, objects, text, uid
from toolkit.settings.said.judging import EVERY, NONE, STRATEGY

NODE = "Node"


def rolled(applied: Applied, live: Json, around: Around) -> View:
    """A Deployment, StatefulSet or DaemonSet: the pods of its newest revision."""
    awaited = progress.Awaited.of(applied.object)
    sets = around.owned("ReplicaSet", uid(live))
    pods = [pod for owner in (uid(live), *map(uid, sets)) for pod in around.owned("Pod", owner)]
    findings = awaited.findings(live, sets, pods, around.events)
    said = awaited.line(live).removeprefix(f"{applied.name}: ")
    if awaited.done(live, sets, pods):
        return good(said, *findings)
    newest = progress.RULES[applied.kind].newest(live, sets, pods) or []
    wanted = progress.RULES[applied.kind].wanted(live)
    asked = required(applied, live, wanted)
    if asked < wanted or applied.judging.required == NONE:
        return _shared(applied, live, View(State.WAITING, said, findings), newest, wanted, asked)
    if applied.kind == "DaemonSet":
        return _on_nodes(live, around, pods, newest, View(State.WAITING, said, findings))
    return pending(said, *findings)


def required(applied: Applied, live: Json, wanted: int) -> int:
    """How many of its pods must be ready for it to count as done."""
    asked = applied.judging.required or EVERY
    if asked == EVERY:
        return wanted
    if asked == NONE:
        return 0
    if asked == STRATEGY:
        strategy = "strategy" if applied.kind == "Deployment" else "updateStrategy"
        may = at(live, "spec", strategy, "rollingUpdate", "maxUnavailable")
        default: int | str = "25%" if applied.kind == "Deployment" else 1
        return max(0, wanted - _share(default if may is None else may, wanted))
    return -(-wanted * int(asked.removesuffix("%")) // 100)


def _share(said: object, of: int) -> int:
    """A number of pods, or a percentage of them rounded down, as Kubernetes does for maxUnavailable."""
    if isinstance(said, str) and said.removesuffix("%").isdigit():
        count = int(said.removesuffix("%"))
        return of * count // 100 if said.endswith("%") else count
    return said if isinstance(said, int) else 0


def _shared(applied: Applied, live: Json, view: View, newest: list[Json], wanted: int, asked: int) -> View:
    """The same where fewer than all of its pods are enough."""
    if _lost(view) or number(live, "status", "observedGeneration") < applied.generation:
        return view
    ready = [pod for pod in diagnosis.ready_pods(newest) if not progress.wrong_images(pod)]
    said = f"{view.said}; {asked} of {wanted} are enough ({applied.judging.required})"
    doomed = {each.object for each in view.findings if each.severity is not Severity.WAITING}
    if len(ready) >= asked:
        return good(said, *(each.as_waiting() for each in view.findings))
    spared = doomed <= {f"Pod/{name(pod)}" for pod in newest} and len(doomed) <= wanted - asked
    return pending(said, *((each.as_waiting() for each in view.findings) if spared else view.findings))


def _lost(view: View) -> bool:
    """Whether the object itself is not what was applied any more."""
    lost = (Cause.TAKEN_AWAY, Cause.SUPERSEDED)
    return any(each.cause in lost for each in view.findings)


def _on_nodes(live: Json, around: Around, pods: list[Json], newest: list[Json], view: View) -> View:
    """A DaemonSet passes on the nodes that were there and are healthy."""
    if not workloads.is_observed(live) or not around.sees(NODE) or _lost(view):
        return view
    away = {name(node): why for node in around.all(NODE) if (why := _why_away(node, around))}
    unheld = [pod for pod in pods if node_of(pod) in away]
    passed_over = {node_of(pod) for pod in unheld}
    if not passed_over:
        return view
    names = {f"Pod/{name(pod)}" for pod in unheld}
    findings = [each.as_waiting() if each.object in names else each for each in view.findings]
    why = "; ".join(f"{node} {away[node]}" for node in sorted(passed_over)[:3])
    said = f"{view.said}; not waited for: {why}"
    here = [pod for pod in newest if node_of(pod) not in away]
    ready = [pod for pod in diagnosis.ready_pods(here) if not progress.wrong_images(pod)]
    wanted = number(live, "status", "desiredNumberScheduled") - len(passed_over)
    if workloads.waits_for_deletion(live):
        ready = diagnosis.ready_pods(
            [pod for pod in diagnosis.pods_of(live, pods) if node_of(pod) not in away]
        )
    if len(ready) >= wanted:
        return good(said, *findings)
    return pending(said, *findings)


def node_of(pod: Json) -> str:
    """The node that a pod is on or, while it is not scheduled, the one that its DaemonSet made it for."""
    terms = objects(
        pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution",
        "nodeSelectorTerms",
    )  # fmt: skip
    fields = [each for term in terms for each in objects(term, "matchFields")]
    meant = [str(at(each, "values", 0) or "") for each in fields if text(each, "key") == "metadata.name"]
    return text(pod, "spec", "nodeName") or next(iter(meant), "")


def _why_away(node: Json, around: Around) -> str:
    """Why nobody waits for a node; "" for one that was there and is healthy."""
    if condition(node, "Ready").get("status") != "True":
        return "is not ready"
    if at(node, "spec", "unschedulable") is True:
        return "is cordoned"
    return "joined later" if around.is_newcomer(NODE, name(node)) else ""


def replicas(applied: Applied, live: Json, around: Around) -> View:
    """A bare ReplicaSet or ReplicationController: it makes pods, and never makes those anew that it has."""
    wanted = number(live, "spec", "replicas", default=1)
    pods = diagnosis.pods_of(live, around.owned("Pod", uid(live)))
    ready = diagnosis.ready_pods(pods)
    if number(live, "status", "observedGeneration") < applied.generation:
        return pending(
            f"waits for the {applied.kind} controller",
            waiting(Cause.STARTING, applied.shown, f"waits for the {applied.kind} controller"),
        )
    found = diagnosis.of_pods(pods, around.events)
    refused = condition(live, "ReplicaFailure")
    if refused.get("status") == "True" and number(live, "status", "replicas") < wanted:
        found.append(_refused(applied, text(refused, "message")))
    old = [pod for pod in pods if not _is_of(pod, live)]
    more = f"; {len(old)} of an earlier template: a {applied.kind} does not make them anew" if old else ""
    said = f"{min(len(ready), wanted)} of {wanted} ready{more}"
    view = View(State.WAITING, said, ordered(found))
    asked = required(applied, live, wanted)
    available = number(live, "status", "readyReplicas") >= wanted and len(pods) <= wanted
    if available and len(ready) >= wanted and not any(map(progress.wrong_images, ready)):
        return view._replace(state=State.GOOD)
    if asked < wanted or applied.judging.required == NONE:
        return _shared(applied, live, view, pods, wanted, asked)
    return view


def _refused(applied: Applied, said: str) -> Finding:
    cause, passes = signs.create_failure(said)
    make = suspicious if passes or cause is Cause.QUOTA else fatal
    return make(cause, applied.shown, f"its pods cannot be created: {short(said)}")


def _is_of(pod: Json, live: Json) -> bool:
    """Whether a pod's containers have the images of the template."""
    wanted = {
        text(each, "name"): text(each, "image")
        for each in objects(live, "spec", "template", "spec", "containers")
    }
    mine = {text(each, "name"): text(each, "image") for each in objects(pod, "spec", "containers")}
    return all(mine.get(key) == image for key, image in wanted.items())
