"""The lines of an outcome that prove it: the last events and log lines of the object that it is about."""

from __future__ import annotations

from toolkit.base.redaction import scrub
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.reader import NotHad, Reader
from toolkit.cluster.api.watch import Json, Watcher
from toolkit.cluster.diagnosis.diagnosis import event_time, events_by_object
from toolkit.cluster.diagnosis.finding import Finding
from toolkit.cluster.evidence import mounted
from toolkit.cluster.evidence.worst import is_told_by_previous, statuses
from toolkit.objects.fields import name, number, owner, text, uid
from toolkit.objects.resources import built_in

LOG_LINES = 15
EVENTS = 5
# A verdict waits no longer than this for the Secrets that its lines must not show.
MASKING_SECONDS = 2.0


def of(connection: Connection, namespace: str, finding: Finding, watcher: Watcher) -> list[str]:
    """The lines, oldest first: events, then the log of the container (or of the Job's newest pod)."""
    kind, _, named = finding.object.partition("/")
    subject = f"{kind.partition('.')[0]}/{named}"  # events name no group
    events = events_by_object(watcher.all("Event")).get(subject, [])[-EVENTS:]
    lines = [f"event {event_time(event)} {text(event, 'reason')}: {flat(event)}" for event in events]
    pod, container = _pod(finding, watcher)
    if pod is None:
        return [scrub(line) for line in lines]
    mounted.learn(Reader(connection, MASKING_SECONDS), namespace, [pod], ("Secret",))
    container = container or text(pod, "spec", "containers", 0, "name")
    previous = is_told_by_previous(pod, container)
    log = connection.logs(namespace, name(pod), container, previous=previous, lines=LOG_LINES)
    if not log and previous:
        log = connection.logs(namespace, name(pod), container, lines=LOG_LINES)
    which = "the ended" if previous else "the running"
    # Scrubbed as a whole: a private key has several lines.
    said = [
        f"log of {which} {name(pod)}/{container}: {line}" for line in scrub(log).splitlines() if line.strip()
    ]
    return [scrub(line) for line in lines] + said[-LOG_LINES:]


def last_words(connection: Connection, namespace: str, pod: str, lines: int = 8) -> list[str]:
    """The last log lines of the container of a pod that was restarted most; [] when none are to be had."""
    reader = Reader(connection, MASKING_SECONDS)
    try:
        found = reader.get(built_in("Pod").path(namespace, pod))
    except NotHad:
        return []
    if found is None:
        return []
    mounted.learn(reader, namespace, [found], ("Secret",))
    ranked = sorted(statuses(found), key=lambda status: -number(status, "restartCount"))
    container = text(ranked[0], "name") if ranked else text(found, "spec", "containers", 0, "name")
    log = connection.logs(namespace, pod, container, lines=lines)
    return [f"log of {pod}/{container}: {line}" for line in scrub(log).splitlines() if line.strip()]


def flat(event: Json) -> str:
    """An event's message on one line, with how often it was said."""
    count = number(event, "count")
    times = f" ({count} times)" if count > 1 else ""
    return " ".join(text(event, "message").split())[:300] + times


def _pod(finding: Finding, watcher: Watcher) -> tuple[Json | None, str]:
    kind, _, named = finding.object.partition("/")
    if kind == "Pod":
        return watcher.named("Pod", named), finding.container
    if kind == "Job":
        job = watcher.named("Job", named)
        mine = [pod for pod in watcher.all("Pod") if job and owner(pod) == uid(job)]
        newest = sorted(mine, key=lambda pod: text(pod, "metadata", "creationTimestamp"))
        return (newest[-1] if newest else None), ""
    return None, ""
