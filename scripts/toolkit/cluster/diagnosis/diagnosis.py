"""Objects in, findings out: the verdict table of design.md. Pure: no clock, no network, never an exception.

Only the newest ReplicaSet's pods count. A healthy pod does not hide a doomed one, and one flaky pod among
many does not doom a release by itself.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from toolkit.cluster.api.event_index import event_time as event_time
from toolkit.cluster.api.event_index import events_by_object as events_by_object
from toolkit.cluster.diagnosis import rolling, signs
from toolkit.cluster.diagnosis.container_diagnosis import exit_words, short
from toolkit.cluster.diagnosis.finding import (
    PATIENCE,
    Cause,
    Finding,
    Severity,
    fatal,
    healing,
    ordered,
    suspicious,
    waiting,
    within,
)
from toolkit.cluster.diagnosis.pod_diagnosis import of_pod
from toolkit.objects.fields import at, condition, mapping, name, number, objects, owner, shown, text, uid

Json = dict[str, Any]
HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"

# Causes that may be one pod's bad luck; the others hit every pod of the revision alike.
FLAKY = frozenset({Cause.CRASH, Cause.OUT_OF_MEMORY, Cause.PROBE})
FLAKY_PATIENCE = 60.0
MEND_WEBHOOK = "have the webhook that is named mended: its Service and certificate (ask who runs the cluster)"
# Jobs with this label are suspended by Kueue until their queue has room.
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"


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


def of_deployment(
    deployment: Any, replica_sets: Iterable[Any], pods: Iterable[Any], events: Mapping[str, list[Json]]
) -> list[Finding]:
    """Findings about a Deployment, its newest ReplicaSet and that one's pods."""
    me = shown({"kind": "Deployment", "metadata": mapping(deployment, "metadata")})
    found: list[Finding] = []
    progressing = condition(deployment, "Progressing")
    if at(deployment, "spec", "paused") is True:
        sentence = "is paused: its new revision is not rolled out"
        found.append(suspicious(Cause.PAUSED, me, sentence, advice=_resume(deployment)))
    newest = new_replica_set(deployment, replica_sets)
    if text(progressing, "reason") == "ProgressDeadlineExceeded":
        said = text(progressing, "message") or "it made no progress in progressDeadlineSeconds"
        if _is_about_this_revision(deployment, said, newest):
            found.append(fatal(Cause.PROGRESS_DEADLINE, me, said))
    if newest is None:
        found += _creation(deployment, me, condition(deployment, "ReplicaFailure"), [])
        if not found:
            found.append(waiting(Cause.STARTING, me, "its new ReplicaSet is not there yet"))
        return ordered(found)
    rs_events = events.get(uid(newest), [])
    rs_name = shown({"kind": "ReplicaSet", "metadata": mapping(newest, "metadata")})
    known = list(pods)
    found += _creation(newest, rs_name, condition(newest, "ReplicaFailure"), rs_events)
    found += of_pods(pods_of(newest, known), events)
    return ordered(within(rolling.judged(found, deployment, replica_sets, newest, known), deployment))


def _is_about_this_revision(deployment: Any, said: str, newest: Json | None) -> bool:
    """Whether a given-up progress is that of the newest ReplicaSet.

    The controller leaves the condition as it was until it has seen the new template, and when that template
    is an older one's (a rollback), until its pods make progress. Its message names the ReplicaSet.
    """
    seen = number(deployment, "status", "observedGeneration") >= number(deployment, "metadata", "generation")
    named = re.search(r'ReplicaSet "([^"]+)"', said)
    return seen and (named is None or (newest is not None and named.group(1) == name(newest)))


def of_pods(pods: list[Json], events: Mapping[str, list[Json]]) -> list[Finding]:
    """Findings about the pods of one revision; what only a minority suffers from is less than certain."""
    ready = sum(1 for pod in pods if condition(pod, "Ready").get("status") == "True")
    found: list[Finding] = []
    for pod in pods:
        mine = of_pod(pod, events.get(uid(pod)) or events.get(f"Pod/{name(pod)}", []))
        found += [_with_claims(each, pod, events) if each.cause is Cause.VOLUME else each for each in mine]
    hit: dict[Cause, set[str]] = defaultdict(set)
    for finding in found:
        if finding.cause in FLAKY and finding.severity is not Severity.WAITING:
            hit[finding.cause].add(finding.object)
    few = {cause for cause, objects in hit.items() if ready and len(objects) * 2 < len(pods)}
    return [_less_certain(finding) if finding.cause in few else finding for finding in found]


def _less_certain(finding: Finding) -> Finding:
    """A finding that only a few pods of many have."""
    if finding.severity is Severity.FATAL:
        return finding.as_suspicious(FLAKY_PATIENCE)
    return finding.as_waiting() if finding.settles else finding


def _with_claims(finding: Finding, pod: Json, events: Mapping[str, list[Json]]) -> Finding:
    """A volume's trouble with what was said about the pod's claims: the scheduler knows the consequence."""
    claims = [text(each, "persistentVolumeClaim", "claimName") for each in objects(pod, "spec", "volumes")]
    for claim in filter(None, claims):
        said = [
            each
            for each in events.get(f"PersistentVolumeClaim/{claim}", [])
            if text(each, "type") == "Warning"
        ]
        if said:
            words = short(text(said[-1], "message"))
            finding = replace(finding, sentence=f"{finding.sentence}; its claim {claim}: {words}")
            nobody = signs.is_no_class(words)
            return replace(finding, patience=PATIENCE[Cause.VOLUME], heals=False) if nobody else finding
    return finding


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


def _creation(controller: Any, me: str, failure: Json, events: list[Json]) -> list[Finding]:
    """Pods that the API server does not let a controller create."""
    wanted = number(controller, "spec", "replicas", default=1)
    if number(controller, "status", "replicas") >= wanted and failure.get("status") != "True":
        return []
    said = text(failure, "message") if failure.get("status") == "True" else ""
    if not said:
        tried = [text(event, "message") for event in events if text(event, "reason") == "FailedCreate"]
        said = tried[-1] if tried else ""
    if not said:
        return []
    return [refused(me, said)]


def refused(me: str, said: str) -> Finding:
    """Why the API server does not let a controller create pods, and whether that may pass."""
    cause, passes = signs.create_failure(said)
    sentence = f"its pods cannot be created: {short(said)}"
    if not passes:
        return fatal(cause, me, sentence, advice=rolling.ONCE_GONE if cause is Cause.TAKEN_AWAY else "")
    if signs.is_webhook_broken(said):
        return suspicious(cause, me, sentence, advice=MEND_WEBHOOK)
    stays = cause in PATIENCE and cause is not Cause.ADMISSION
    return suspicious(cause, me, sentence) if stays else healing(cause, me, sentence)


def of_job(job: Any, pods: Iterable[Any], events: Mapping[str, list[Json]]) -> list[Finding]:
    """Findings about a Job (a migration, a hook): it must complete."""
    me = shown({"kind": "Job", "metadata": mapping(job, "metadata")})
    if condition(job, "Complete").get("status") == "True":
        return []
    mine = pods_of(job, pods)
    failed = next((each for word in ("Failed", "FailureTarget") if (each := condition(job, word))), {})
    if failed.get("status") == "True":
        said = text(failed, "message")
        reason = text(failed, "reason") or "no reason given"
        ended = "".join(f"; {text(pod, 'metadata', 'name')}: {words}" for pod, words in _last_words(mine))
        return [fatal(Cause.JOB, me, f"failed ({reason}){': ' + said if said else ''}{ended}")]
    found = of_pods(mine, events)
    if at(job, "spec", "suspend") is True:
        found.append(_suspended(job, me))
    if not number(job, "status", "active"):
        found += _creation(job, me, {}, events.get(uid(job), []))
    done = number(job, "status", "succeeded")
    wanted = number(job, "spec", "completions", default=1)
    return ordered(found) or [waiting(Cause.STARTING, me, f"{done} of {wanted} completed")]


def _suspended(job: Any, me: str) -> Finding:
    """A Job that does not run: held in a queue, which lets it go in time, or by what was applied."""
    queue = text(job, "metadata", "labels", QUEUE_LABEL)
    if queue:
        return healing(Cause.PAUSED, me, f"is suspended: the queue {queue} has not let it run yet")
    patch = """-p '{"spec":{"suspend":false}}'"""
    by_hand = f"kubectl{_space(job)} patch job/{name(job)} --type=merge {patch}"
    advice = f"take `suspend: true` out of the Job's manifest and deploy again; or let it run now: {by_hand}"
    return suspicious(Cause.PAUSED, me, "is suspended: it does not run", advice=advice)


def _resume(deployment: Any) -> str:
    by_hand = f"kubectl{_space(deployment)} rollout resume deployment/{name(deployment)}"
    return f"take `paused: true` out of its manifest and deploy again; or resume it: {by_hand}"


def _space(obj: Any) -> str:
    space = text(obj, "metadata", "namespace")
    return f" -n {space}" if space else ""


def _last_words(pods: list[Json]) -> list[tuple[Json, str]]:
    """The newest failed pod of a Job and how its container ended; [] when none is left."""
    failed = [pod for pod in pods if text(pod, "status", "phase") == "Failed"]
    failed.sort(key=lambda pod: (text(pod, "metadata", "creationTimestamp"), name(pod)))
    for pod in reversed(failed):
        for status in objects(pod, "status", "containerStatuses"):
            last = mapping(status, "state", "terminated")
            if last and number(last, "exitCode", default=-1) != 0:
                memory = "out of memory, " if text(last, "reason") == "OOMKilled" else ""
                return [(pod, f"{memory}{exit_words(last)}")]
    return []


def of_claim(claim: Any, events: Mapping[str, list[Json]]) -> list[Finding]:
    """Findings about a PersistentVolumeClaim. One that waits for its first pod is in order."""
    if text(claim, "status", "phase") != "Pending":
        return []
    me = shown({"kind": "PersistentVolumeClaim", "metadata": mapping(claim, "metadata")})
    said = [event for event in events.get(uid(claim), []) if text(event, "type") == "Warning"]
    if not said:
        return []
    words = text(said[-1], "message")
    make = suspicious if signs.is_no_class(words) else healing
    return [make(Cause.VOLUME, me, f"is not bound: {short(words)}")]


def ready_pods(pods: Iterable[Any]) -> list[Json]:
    """The pods whose Ready condition is True."""
    return [pod for pod in pods if condition(pod, "Ready").get("status") == "True"]


def image_ids(pod: Any) -> dict[str, str]:
    """Container name to the imageID that the node reports for what really runs."""
    return {text(each, "name"): text(each, "imageID") for each in objects(pod, "status", "containerStatuses")}
