"""Objects in, findings out: the verdict table of design.md. Pure: no clock, no network, never an exception.

Only the newest ReplicaSet's pods count. A healthy pod does not hide a doomed one, and one flaky pod among
many does not doom a release by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from toolkit.cluster import decoding, signs
from toolkit.cluster.fields import at, condition, mapping, name, number, objects, owner, shown, text, uid
from toolkit.cluster.finding import Cause, Finding, Severity, fatal, ordered, suspicious, waiting
from toolkit.cluster.pod_diagnosis import of_pod

Json = dict[str, Any]
HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"

# Causes that may be one pod's bad luck; the others hit every pod of the revision alike.
FLAKY = frozenset({Cause.CRASH, Cause.OUT_OF_MEMORY, Cause.PROBE})
FLAKY_PATIENCE = 60.0


def findings_from_line(line: bytes) -> list[Finding]:
    """One line of a watch stream of pods to that pod's findings; [] for a line that is not a pod's."""
    try:
        event = decoding.loads(line)
    except ValueError:
        return []
    if not isinstance(event, dict) or event.get("type") in ("DELETED", "BOOKMARK", "ERROR"):
        return []
    return of_pod(event.get("object"))


def diagnose(found: Iterable[Any]) -> list[Finding]:
    """All findings about a set of objects of one app (any kinds, any order), gravest first."""
    kinds: dict[str, list[Json]] = defaultdict(list)
    for obj in found:
        if isinstance(obj, dict):
            kinds[text(obj, "kind")].append(obj)
    events = events_by_object(kinds["Event"])
    findings: list[Finding] = []
    for deployment in kinds["Deployment"]:
        findings += of_deployment(deployment, kinds["ReplicaSet"], kinds["Pod"], events)
    for job in kinds["Job"]:
        findings += of_job(job, kinds["Pod"], events)
    for claim in kinds["PersistentVolumeClaim"]:
        findings += of_claim(claim, events)
    return ordered(findings)


def events_by_object(events: Iterable[Any]) -> dict[str, list[Json]]:
    """Events by the uid and by the Kind/name of what they are about, oldest first."""
    known: dict[str, list[Json]] = defaultdict(list)
    for event in sorted((each for each in events if isinstance(each, dict)), key=event_time):
        about = mapping(event, "involvedObject")
        if text(about, "uid"):
            known[text(about, "uid")].append(event)
        known[f"{text(about, 'kind')}/{text(about, 'name')}"].append(event)
    return known


def event_time(event: Any) -> str:
    """When an event was last seen, as text that sorts (RFC 3339)."""
    stamps = [
        text(event, "series", "lastObservedTime"),
        text(event, "lastTimestamp"),
        text(event, "eventTime"),
    ]
    return next((stamp for stamp in stamps if stamp), text(event, "metadata", "creationTimestamp"))


def of_deployment(
    deployment: Any, replica_sets: Iterable[Any], pods: Iterable[Any], events: Mapping[str, list[Json]]
) -> list[Finding]:
    """Findings about a Deployment, its newest ReplicaSet and that one's pods."""
    me = shown({"kind": "Deployment", "metadata": mapping(deployment, "metadata")})
    found: list[Finding] = []
    progressing = condition(deployment, "Progressing")
    if at(deployment, "spec", "paused") is True:
        found.append(suspicious(Cause.PAUSED, me, "is paused: its new revision is not rolled out"))
    if text(progressing, "reason") == "ProgressDeadlineExceeded":
        said = text(progressing, "message") or "it made no progress in progressDeadlineSeconds"
        found.append(fatal(Cause.PROGRESS_DEADLINE, me, said))
    newest = new_replica_set(deployment, replica_sets)
    if newest is None:
        found += _creation(deployment, me, condition(deployment, "ReplicaFailure"), [], deployment)
        if not found:
            found.append(waiting(Cause.STARTING, me, "its new ReplicaSet is not there yet"))
        return ordered(found)
    rs_events = events.get(uid(newest), [])
    rs_name = shown({"kind": "ReplicaSet", "metadata": mapping(newest, "metadata")})
    found += _creation(newest, rs_name, condition(newest, "ReplicaFailure"), rs_events, deployment)
    return ordered(found + of_pods(pods_of(newest, pods), events))


def of_pods(pods: list[Json], events: Mapping[str, list[Json]]) -> list[Finding]:
    """Findings about the pods of one revision; what only a minority suffers from is less than certain."""
    per_pod = [of_pod(pod, events.get(uid(pod)) or events.get(f"Pod/{name(pod)}", [])) for pod in pods]
    ready = sum(1 for pod in pods if condition(pod, "Ready").get("status") == "True")
    found = [finding for findings in per_pod for finding in findings]
    hit: dict[Cause, set[str]] = defaultdict(set)
    for finding in found:
        if finding.severity is Severity.FATAL:
            hit[finding.cause].add(finding.object)
    return [
        finding.as_suspicious(FLAKY_PATIENCE)
        if finding.severity is Severity.FATAL
        and finding.cause in FLAKY
        and ready
        and len(hit[finding.cause]) * 2 < len(pods)
        else finding
        for finding in found
    ]


def new_replica_set(deployment: Any, replica_sets: Iterable[Any]) -> Json | None:
    """The ReplicaSet of the Deployment's current template, None when there is none yet.

    Kubernetes tells it by equal pod templates, the hash label aside (deploymentutil.FindNewReplicaSet).
    """
    owned = [each for each in replica_sets if isinstance(each, dict) and owner(each) == uid(deployment) != ""]
    wanted = _template(deployment)
    matching = [each for each in owned if _template(each) == wanted]
    if matching:
        return min(matching, key=lambda each: (text(each, "metadata", "creationTimestamp"), name(each)))
    # A webhook may have changed the template in between; the controller's own number is then the best.
    revision = text(deployment, "metadata", "annotations", REVISION)
    seen = number(deployment, "status", "observedGeneration")
    observed = seen >= number(deployment, "metadata", "generation")
    if not revision or not observed:
        return None
    return next((each for each in owned if text(each, "metadata", "annotations", REVISION) == revision), None)


def _template(workload: Any) -> Json:
    template = mapping(workload, "spec", "template")
    labels = {k: v for k, v in mapping(template, "metadata", "labels").items() if k != HASH_LABEL}
    annotations = mapping(template, "metadata", "annotations")
    return {"labels": labels, "annotations": annotations, "spec": template.get("spec")}


def pods_of(controller: Any, pods: Iterable[Any]) -> list[Json]:
    """The pods that a controller owns and that are not being deleted."""
    mine = uid(controller)
    return [
        pod
        for pod in pods
        if isinstance(pod, dict)
        and mine
        and owner(pod) == mine
        and not at(pod, "metadata", "deletionTimestamp")
    ]


def _creation(controller: Any, me: str, failure: Json, events: list[Json], deployment: Any) -> list[Finding]:
    """Pods that the API server does not let a controller create."""
    wanted = number(controller, "spec", "replicas", default=1)
    if number(controller, "status", "replicas") >= wanted and failure.get("status") != "True":
        return []
    said = text(failure, "message") if failure.get("status") == "True" else ""
    if not said:
        refused = [text(event, "message") for event in events if text(event, "reason") == "FailedCreate"]
        said = refused[-1] if refused else ""
    if not said:
        return []
    cause = signs.create_failure(said)
    sentence = f"its pods cannot be created: {' '.join(said.split())[:400]}"
    waits = cause in (Cause.SERVICE_ACCOUNT, Cause.CREATION) or (
        cause is Cause.QUOTA and _frees_quota(deployment)
    )
    return [suspicious(cause, me, sentence) if waits else fatal(cause, me, sentence)]


def _frees_quota(deployment: Any) -> bool:
    """Whether the rollout itself may free quota: it takes old pods away before new ones are ready."""
    unavailable = at(deployment, "spec", "strategy", "rollingUpdate", "maxUnavailable")
    old = number(deployment, "status", "replicas") > number(deployment, "status", "updatedReplicas")
    return old and unavailable not in (0, "0", "0%")


def of_job(job: Any, pods: Iterable[Any], events: Mapping[str, list[Json]]) -> list[Finding]:
    """Findings about a Job (a migration, a hook): it must complete."""
    me = shown({"kind": "Job", "metadata": mapping(job, "metadata")})
    if condition(job, "Complete").get("status") == "True":
        return []
    failed = condition(job, "Failed")
    if failed.get("status") == "True":
        said = text(failed, "message")
        reason = text(failed, "reason") or "no reason given"
        return [fatal(Cause.JOB, me, f"failed ({reason}){': ' + said if said else ''}")]
    mine = of_pods(pods_of(job, pods), events)
    blocked = (
        _creation(job, me, {}, events.get(uid(job), []), {}) if not number(job, "status", "active") else []
    )
    done = number(job, "status", "succeeded")
    wanted = number(job, "spec", "completions", default=1)
    return ordered([*mine, *blocked]) or [waiting(Cause.STARTING, me, f"{done} of {wanted} completed")]


def of_claim(claim: Any, events: Mapping[str, list[Json]]) -> list[Finding]:
    """Findings about a PersistentVolumeClaim. One that waits for its first pod is in order."""
    if text(claim, "status", "phase") != "Pending":
        return []
    me = shown({"kind": "PersistentVolumeClaim", "metadata": mapping(claim, "metadata")})
    said = [event for event in events.get(uid(claim), []) if text(event, "type") == "Warning"]
    if not said:
        return []
    return [suspicious(Cause.VOLUME, me, f"is not bound: {text(said[-1], 'message')[:400]}")]


def ready_pods(pods: Iterable[Any]) -> list[Json]:
    """The pods whose Ready condition is True."""
    return [pod for pod in pods if condition(pod, "Ready").get("status") == "True"]


def image_ids(pod: Any) -> dict[str, str]:
    """Container name to the imageID that the node reports for what really runs."""
    return {text(each, "name"): text(each, "imageID") for each in objects(pod, "status", "containerStatuses")}
