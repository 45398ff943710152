"""What happens to an object in mid-rollout: by the rollout, its own life, or somebody else's hand. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from toolkit.cluster.diagnosis import signs
from toolkit.cluster.diagnosis.finding import PATIENCE, Cause, Finding, Severity, fatal, suspicious
from toolkit.objects.fields import at, condition, mapping, name, number, objects, owner, shown, text, uid
from toolkit.objects.quantity import amount

Json = dict[str, Any]

# A quota counts a pod for a moment after it is gone: seconds until a refusal stands for itself.
COUNTED_SECONDS = 3.0
_EXCEEDED = re.compile(r"exceeded quota: .*?requested: (.*?), used: .*?, limited: ([^;]*)")
_AMOUNT = re.compile(r"([\w./-]+)=([\w.+-]+)")

RESTARTED = "kubectl.kubernetes.io/restartedAt"
ONCE_GONE = "the namespace is being deleted: deploy again once it is gone"
WHILE = "while it was rolled out"
# How the controller of Jobs tells the end of one in events.
COMPLETED = "Completed"
JOB_FAILED = frozenset(
    {"BackoffLimitExceeded", "DeadlineExceeded", "PodFailurePolicy"}
    | {"FailedIndexes", "MaxFailedIndexesExceeded"}
)


def gone(obj: Json, events: Iterable[Json], namespace: Callable[[], Json | None]) -> Finding | None:
    """What became of an object that is no more, or is about to go; None for a Job that had completed.

    obj is how it was seen last; events are those about it; namespace gives its namespace as it is, {} when it
    may not be read, None when there is none.
    """
    me, is_job = shown(obj), text(obj, "kind") == "Job"
    ended = _end_of_job(obj, list(events)) if is_job else ""
    if ended == COMPLETED:
        return None
    if ended:
        return fatal(Cause.JOB, me, f"failed ({ended}), and was removed after that")
    space = namespace()
    if space is None or mapping(space, "metadata").get("deletionTimestamp"):
        return fatal(Cause.TAKEN_AWAY, me, f"went with its namespace {WHILE}", advice=ONCE_GONE)
    for each in objects(obj, "metadata", "ownerReferences"):
        whose = shown({"kind": each.get("kind"), "metadata": each})
        advice = f"find out why {whose} is gone, then deploy again"
        return fatal(Cause.TAKEN_AWAY, me, f"went with its owner, {whose}, {WHILE}", advice=advice)
    sentence = f"was deleted by somebody {WHILE}"
    # The event that tells how a Job ended may come after the Job has gone.
    return suspicious(Cause.TAKEN_AWAY, me, sentence) if is_job else fatal(Cause.TAKEN_AWAY, me, sentence)


def _end_of_job(job: Json, events: list[Json]) -> str:
    """COMPLETED, the reason why it failed, or "" when it had not ended as far as anybody knows."""
    for kind in ("Complete", "SuccessCriteriaMet"):
        if condition(job, kind).get("status") == "True":
            return COMPLETED
    for kind in ("Failed", "FailureTarget"):
        if condition(job, kind).get("status") == "True":
            return text(condition(job, kind), "reason") or "no reason given"
    words = {COMPLETED} | JOB_FAILED
    return next((text(each, "reason") for each in reversed(events) if text(each, "reason") in words), "")


def is_ours(live: Json, template: Json) -> bool:
    """Whether a workload's template still is what was applied, or that and notes of controllers besides.

    A note is an annotation or a label more; that of `kubectl rollout restart` is somebody's wish, no note.
    """
    now = mapping(live, "spec", "template")
    if now == template:
        return True
    ours, theirs = mapping(template, "metadata"), mapping(now, "metadata")
    for word in ("annotations", "labels"):
        if not mapping(ours, word).items() <= mapping(theirs, word).items():
            return False
    added = mapping(theirs, "annotations").keys() - mapping(ours, "annotations").keys()
    return RESTARTED not in added and now.get("spec") == template.get("spec")


def superseded(live: Json) -> Finding:
    """A template that is not what was applied any more: by whose hand, and when."""
    space = text(live, "metadata", "namespace")
    where = f"kubectl{f' -n {space}' if space else ''} get {text(live, 'kind').lower()}/{name(live)}"
    advice = f"see who changed what: {where} -o yaml --show-managed-fields; then deploy again"
    return fatal(Cause.SUPERSEDED, shown(live), f"was changed by {_hand(live)} {WHILE}", advice=advice)


def _hand(live: Json) -> str:
    """Who wrote to the template last, as the API server noted it (metadata.managedFields)."""
    wrote = [
        (text(each, "time"), text(each, "manager"))
        for each in objects(live, "metadata", "managedFields")
        if mapping(each, "fieldsV1", "f:spec", "f:template") and text(each, "manager")
    ]
    if not wrote:
        return "somebody else"
    time, manager = max(wrote)
    return f"somebody else ({manager}{f', at {time}' if time else ''})"


def judged(
    findings: Iterable[Finding], deployment: Any, sets: Iterable[Any], newest: Any, pods: list[Any]
) -> list[Finding]:
    """The findings about a Deployment's newest ReplicaSet and pods, those about room with what is coming."""
    mine = {uid(each) for each in sets if isinstance(each, dict) and owner(each) == uid(deployment) != ""}
    leaving = any(owner(pod) in mine and at(pod, "metadata", "deletionTimestamp") for pod in pods)
    updated = number(deployment, "status", "updatedReplicas")
    old = number(deployment, "status", "replicas") > updated
    unavailable = at(deployment, "spec", "strategy", "rollingUpdate", "maxUnavailable")
    # An old pod goes as soon as a new one that has its node is ready, however long that takes.
    soon = old and any(owner(pod) == uid(newest) != "" and _is_starting(pod) for pod in pods)
    at_once = updated > 0 or (old and unavailable not in (0, "0", "0%"))
    found = []
    for each in findings:
        if each.cause is Cause.QUOTA and each.severity is Severity.FATAL:
            found.append(_refused(each, leaving=leaving, soon=soon, at_once=at_once))
        elif each.cause is Cause.UNSCHEDULABLE and (leaving or soon) and signs.is_about_room(each.sentence):
            found.append(each.as_healing())
        else:
            found.append(each)
    return found


def _is_starting(pod: Any) -> bool:
    """Whether a pod has its node and is not ready yet."""
    placed = condition(pod, "PodScheduled").get("status") == "True"
    return placed and condition(pod, "Ready").get("status") != "True"


def _refused(finding: Finding, *, leaving: bool, soon: bool, at_once: bool) -> Finding:
    """A refusal for quota, which the rollout itself gives back as its old pods go."""
    if leaving:
        return finding.as_waiting()
    if _never_fits(finding.sentence):
        return finding
    if soon:
        return finding.as_healing()
    return finding.as_suspicious(PATIENCE[Cause.QUOTA] if at_once else COUNTED_SECONDS)


def _never_fits(said: str) -> bool:
    """Whether a refusal for quota would stand in an empty namespace too: more is asked for than there is.

    "exceeded quota: x, requested: pods=1,cpu=2, used: pods=3, limited: pods=3" (apiserver:
    plugin/resourcequota); other words, such as "must specify limits", are certain.
    """
    found = _EXCEEDED.search(said)
    if found is None:
        return True
    asked, most = (dict(_AMOUNT.findall(part)) for part in found.groups())
    return any(amount(asked[key]) > amount(most[key]) for key in asked.keys() & most.keys())
