"""What proves a verdict: the last events and log lines of the object that it is about."""

from __future__ import annotations

from toolkit.cluster.connection import Connection
from toolkit.cluster.diagnosis import event_time, events_by_object
from toolkit.cluster.fields import mapping, name, number, objects, owner, text, uid
from toolkit.cluster.finding import Finding
from toolkit.cluster.watch import Json, Watcher

LOG_LINES = 15
EVENTS = 5


def of(connection: Connection, namespace: str, finding: Finding, watcher: Watcher) -> list[str]:
    """The lines, oldest first: events, then the log of the container (or of the Job's newest pod)."""
    events = events_by_object(watcher.all("Event")).get(finding.object, [])[-EVENTS:]
    lines = [f"event {event_time(event)} {text(event, 'reason')}: {_flat(event)}" for event in events]
    pod, container = _pod(finding, watcher)
    if pod is None:
        return lines
    container = container or _container(pod)
    previous = _ended(pod, container)
    log = connection.logs(namespace, name(pod), container, previous=previous, lines=LOG_LINES)
    if not log and previous:
        log = connection.logs(namespace, name(pod), container, lines=LOG_LINES)
    which = "the ended" if previous else "the running"
    said = [f"log of {which} {name(pod)}/{container}: {line}" for line in log.splitlines() if line.strip()]
    return lines + said[-LOG_LINES:]


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


def _container(pod: Json) -> str:
    return text(pod, "spec", "containers", 0, "name")


def _ended(pod: Json, container: str) -> bool:
    """Whether the log that tells is the one from before the restart."""
    statuses = [
        *objects(pod, "status", "containerStatuses"),
        *objects(pod, "status", "initContainerStatuses"),
    ]
    for status in statuses:
        if text(status, "name") == container:
            # A terminated container's own log is still the current one.
            return number(status, "restartCount") > 0 and not mapping(status, "state", "terminated")
    return False


def _flat(event: Json) -> str:
    count = number(event, "count")
    times = f" ({count} times)" if count > 1 else ""
    return " ".join(text(event, "message").split())[:300] + times
