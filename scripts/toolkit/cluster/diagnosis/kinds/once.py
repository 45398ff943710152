"""What runs to its end, and what runs by the clock: Jobs, Pods without a controller, CronJobs."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.cluster.diagnosis import progress, signs
from toolkit.cluster.diagnosis.container_diagnosis import exit_words, short
from toolkit.cluster.diagnosis.diagnosis import of_pods
from toolkit.cluster.diagnosis.finding import Cause, Finding, Severity, fatal, suspicious, waiting
from toolkit.cluster.diagnosis.kinds.rule import Applied, Around, Json, View, good, pending
from toolkit.objects.field_owners import OURS
from toolkit.objects.fields import at, condition, mapping, number, objects, text, uid

# As often as a Job's pods may fail by default (batch/v1: backoffLimit).
TRIES = 6
# The CronJob controller looks at what was applied at once, and its event is there as fast as its queue.
SCHEDULE_SECONDS = 3.0


def job(applied: Applied, live: Json, around: Around) -> View:
    """A Job: complete, or, where it may run on, begun."""
    awaited = progress.Awaited.of(applied.object)
    pods = around.owned("Pod", uid(live))
    findings = awaited.findings(live, [], pods, around.events)
    said = awaited.line(live).removeprefix(f"{applied.name}: ")
    if awaited.done(live, [], pods):
        return good(said, *findings)
    doomed = any(each.severity is Severity.FATAL for each in findings)
    if applied.judging.wait is False and not doomed:
        begun = any(text(pod, "status", "phase") in ("Running", "Succeeded") for pod in pods)
        words = "it runs on and is not waited for" if begun else "it must begin, and is not waited for then"
        return (good if begun else pending)(f"{said}; {words}", *findings)
    return pending(said, *findings)


def pod(applied: Applied, live: Json, around: Around) -> View:
    """A Pod without a controller: ready, or over where it is to end."""
    phase = text(live, "status", "phase")
    lasting = text(live, "spec", "restartPolicy") in ("", "Always")
    if not lasting and phase == "Succeeded":
        return good("it has ended as it should")
    if phase == "Failed":
        return pending("failed", _failed(applied, live, lasting=lasting))
    if lasting and phase == "Succeeded":
        ended = "all its containers ended, and it should keep running"
        return pending("ended", fatal(Cause.CRASH, applied.shown, ended))
    found = of_pods([live], around.events)
    restarts = sum(number(each, "restartCount") for each in objects(live, "status", "containerStatuses"))
    if not lasting and restarts >= TRIES:
        found.append(_failed(applied, live, lasting=False, tries=restarts))
    ready = condition(live, "Ready").get("status") == "True" and not progress.wrong_images(live)
    if lasting and ready:
        return good("ready", *found)
    return pending(phase.lower() or "not seen by a node yet", *found)


def _failed(applied: Applied, live: Json, *, lasting: bool, tries: int = 0) -> Finding:
    reason, said = text(live, "status", "reason"), text(live, "status", "message")
    if reason in signs.DISRUPTED:
        words = f"the cluster ended it ({reason}), and nothing makes such a Pod anew: {short(said)}"
        return fatal(Cause.DISRUPTION, applied.shown, words)
    ended = [
        f"container {text(each, 'name')}: {how}"
        for key in ("initContainerStatuses", "containerStatuses")
        for each in objects(live, "status", key)
        if (how := _how(each))
    ]
    why = "; ".join(filter(None, [f"{reason}: {short(said)}" if reason else "", *ended])) or "no reason given"
    often = f" {tries} times" if tries else ""
    return fatal(Cause.CRASH if lasting else Cause.JOB, applied.shown, f"failed{often}: {why}")


def _how(status: Json) -> str:
    """How a container ended, "" when it did not or ended well."""
    last = mapping(status, "state", "terminated") or mapping(status, "lastState", "terminated")
    if not last or number(last, "exitCode", default=-1) == 0:
        return ""
    return f"out of memory, {exit_words(last)}" if text(last, "reason") == "OOMKilled" else exit_words(last)


def cron_job(applied: Applied, live: Json, around: Around) -> View:
    """A CronJob: its schedule can be read, and nobody but its manifest has suspended it."""
    schedule = text(live, "spec", "schedule")
    unread = _unread(around.events, applied)
    if unread:
        return pending(f"schedule {schedule}", fatal(Cause.SCHEDULE, applied.shown, short(unread)))
    if at(live, "spec", "suspend") is True:
        if is_ours(applied.object, "suspend"):
            return good("suspended, as its manifest says")
        by_hand = "is suspended, which its manifest does not say: it never runs"
        return pending("suspended", suspicious(Cause.PAUSED, applied.shown, by_hand))
    last = text(live, "status", "lastScheduleTime")
    return good(f"schedule {schedule}" + (f", ran last at {last}" if last else ""), *_may_be_unread(applied))


def _may_be_unread(applied: Applied) -> list[Finding]:
    """What keeps one with a time zone from passing before its controller can have said that it knows it not.

    A schedule without one, which the API server took, is read by the controller in the same words: nobody
    need wait for that. Where there is a zone, the two may know different ones.
    """
    zone = text(applied.object, "spec", "timeZone")
    if not zone and "TZ=" not in text(applied.object, "spec", "schedule"):
        return []
    words = f"its controller may not know the time zone {zone}".rstrip()
    return [waiting(Cause.STARTING, applied.shown, words, settles=SCHEDULE_SECONDS)]


def _unread(events: Mapping[str, list[Json]], applied: Applied) -> str:
    """The controller's words when it cannot read the schedule or time zone of this very generation."""
    told = [
        each
        for each in events.get(applied.uid, [])
        if text(each, "reason") in ("UnparseableSchedule", "InvalidSchedule", "UnknownTimeZone")
    ]
    schedule = text(applied.object, "spec", "schedule")
    zone = text(applied.object, "spec", "timeZone")
    return next(
        (
            said
            for each in reversed(told)
            if (said := text(each, "message")) and (schedule in said or (zone and zone in said))
        ),
        "",
    )


def is_ours(obj: Json, field: str) -> bool:
    """Whether our own apply set a field of the spec (metadata.managedFields)."""
    return any(
        f"f:{field}" in mapping(entry, "fieldsV1", "f:spec")
        for entry in objects(obj, "metadata", "managedFields")
        if text(entry, "manager").startswith(OURS)
    )
