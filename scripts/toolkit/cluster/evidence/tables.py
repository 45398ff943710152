"""The scene in tables and lines of text, for the files beside the summary. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.cluster.api.watch import Json
from toolkit.cluster.diagnosis import pods
from toolkit.cluster.diagnosis.diagnosis import event_time, new_replica_set
from toolkit.cluster.diagnosis.scene import Scene
from toolkit.cluster.evidence.lines import flat
from toolkit.cluster.evidence.mounted import Used
from toolkit.cluster.evidence.worst import ranked, restarts, revision, state, statuses
from toolkit.objects.fields import mapping, name, number, objects, owner, shown, text, uid

POD_COLUMNS = ("pod", "revision", "phase", "ready", "restarts", "reason")
_WHICH = {"new": " (new revision)", "old": " (old revision)", "job": " (of its Job)", "": ""}
_COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligned columns; the last one as long as it is."""
    widths = [max(len(row[place]) for row in (columns, *rows)) for place in range(len(columns))]
    widths[-1] = 0
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    head = "  ".join(cell.upper().ljust(width) for cell, width in zip(columns, widths, strict=True))
    return [line.rstrip() for line in (head, *lines)]


def pod_row(scene: Scene, pod: Json) -> tuple[str, ...]:
    """One pod, as POD_COLUMNS."""
    every = objects(pod, "status", "containerStatuses")
    wanted = len(objects(pod, "spec", "containers")) or len(every)
    ready = sum(1 for status in every if status.get("ready") is True)
    phase = "Terminating" if pods.leaves(pod) else text(pod, "status", "phase") or "?"
    return (name(pod), revision(scene, pod), phase, f"{ready}/{wanted}", str(restarts(pod)), state(pod))


def rollout(scene: Scene, object_: str = "") -> str:
    """Workloads with their conditions, ReplicaSets, pods, findings: what a dozen of `kubectl get` say."""
    lines = [*_workloads(scene), *_replica_sets(scene)]
    order = ranked(scene, object_)
    lines += [f"Pods ({len(order)})", *table(POD_COLUMNS, [pod_row(scene, pod) for pod in order]), ""]
    lines += ["Images that run", *(_images(pod) for pod in order), ""] if order else []
    lines += ["Findings, gravest first", *([] if scene.findings else ["none"])]
    for finding in scene.findings:
        lines.append(f"{finding.severity}: {finding.cause}: {finding.clause}")
        lines += [f"    what to do: {finding.remedy}"] if finding.remedy else []
    return "\n".join(lines) + "\n"


def beside(scene: Scene) -> str:
    """The same of what the verdict did not look at; "" for nothing."""
    lines = [*_workloads(scene), *_replica_sets(scene)]
    return "\n".join(["", "Beside it, not part of the verdict", "", *lines]) + "\n" if lines else ""


def _workloads(scene: Scene) -> list[str]:
    kinds = ("Deployment", "StatefulSet", "DaemonSet", "Job")
    found = [obj for kind in kinds for obj in scene.all(kind)]
    return [line for obj in found for line in (shown(obj), *_status(obj), "")]


def _status(obj: Json) -> list[str]:
    wanted = number(obj, "spec", "replicas", default=1)
    known = mapping(obj, "status")
    counts = [
        f"{word} {known[word]}" for word in (*_COUNTS, "succeeded", "failed", "active") if word in known
    ]
    generation = f"generation {number(obj, 'metadata', 'generation')}"
    seen = f"observed {number(obj, 'status', 'observedGeneration')}"
    lines = [f"  wanted {wanted}; {', '.join([*counts, generation, seen])}"]
    for each in objects(obj, "status", "conditions"):
        said = " ".join(text(each, word) for word in ("reason", "message")).strip()
        lines.append(f"  {text(each, 'type')}={text(each, 'status')} {said}".rstrip())
    return lines


def _replica_sets(scene: Scene) -> list[str]:
    rows = []
    for deployment in scene.all("Deployment"):
        sets = [each for each in scene.all("ReplicaSet") if owner(each) == uid(deployment)]
        newest = new_replica_set(deployment, sets)
        for each in sorted(sets, key=lambda one: text(one, "metadata", "creationTimestamp"), reverse=True):
            images = [text(one, "image") for one in objects(each, "spec", "template", "spec", "containers")]
            counts = [
                str(number(each, *path)) for path in (("spec", "replicas"), ("status", "readyReplicas"))
            ]
            which = "new" if newest is not None and uid(each) == uid(newest) else "old"
            rows.append((name(each), which, *counts, ", ".join(images)))
    if not rows:
        return []
    return ["ReplicaSets", *table(("replicaset", "revision", "wanted", "ready", "images"), rows), ""]


def _images(pod: Json) -> str:
    running = [f"{text(each, 'name')}={text(each, 'imageID') or '-'}" for each in statuses(pod)]
    return f"{name(pod)}  {'  '.join(running)}"


def about_scene(scene: Scene, events: Sequence[Json]) -> list[Json]:
    """Of a namespace's events those about objects of the scene, oldest first."""
    known = {uid(obj) for objects in scene.objects.values() for obj in objects}
    names = {shown(obj) for kind, objects in scene.objects.items() if kind != "Event" for obj in objects}
    mine = []
    for event in events:
        subject = event.get("involvedObject")
        if text(subject, "uid") in known or shown_subject(event) in names:
            mine.append(event)
    return sorted(mine, key=event_time)


def shown_subject(event: Json) -> str:
    """Kind/name of what an event is about."""
    subject = event.get("involvedObject")
    return f"{text(subject, 'kind')}/{text(subject, 'name')}"


def event_line(event: Json) -> str:
    """An event on one line."""
    head = f"{event_time(event)}  {text(event, 'type'):<7}  {text(event, 'reason'):<20}"
    return f"{head}  {shown_subject(event)}: {flat(event)}"


def timeline(scene: Scene) -> list[tuple[str, str]]:
    """What happened, (UTC ISO 8601, sentence), oldest first: what the watch saw, and what objects tell."""
    told = list(scene.timeline)
    for pod in scene.all("Pod"):
        if born := text(pod, "metadata", "creationTimestamp"):
            which = revision(scene, pod)
            told.append((born, f"Pod/{name(pod)} was created{_WHICH[which]}"))
        for status in statuses(pod):
            for word in ("lastState", "state"):
                at = text(status, word, "terminated", "finishedAt")
                if at:
                    code = number(status, word, "terminated", "exitCode")
                    reason = text(status, word, "terminated", "reason")
                    what = f"container {text(status, 'name')} ended with exit code {code} ({reason})"
                    told.append((at, f"Pod/{name(pod)} {what}"))
    return sorted(dict.fromkeys(told), key=lambda each: each[0].rstrip("Z"))


def configuration(used: Sequence[Used]) -> str:
    """The ConfigMaps and Secrets that the pods refer to: names and keys, never values."""
    if not used:
        return "The pods refer to no ConfigMap and no Secret.\n"
    lines = ["What the pods refer to. Values are never kept here.", ""]
    for each in used:
        keys = f"keys: {', '.join(each.keys) or 'none'}" if each.keys is not None else "DOES NOT EXIST"
        lines.append(f"{each.kind}/{each.name}  {each.trouble or keys}")
    return "\n".join(lines) + "\n"
