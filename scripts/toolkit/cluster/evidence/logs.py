"""The logs of the worst pods, every container's, also from before its last restart."""

from __future__ import annotations

from typing import NamedTuple

from toolkit.base.redaction import scrub
from toolkit.cluster.api.reader import NotHad, Reader
from toolkit.cluster.api.watch import Json
from toolkit.cluster.evidence.files import Folder
from toolkit.cluster.evidence.worst import is_told_by_previous, statuses
from toolkit.objects.fields import mapping, name, number, objects, owner, text
from toolkit.objects.resources import built_in

LINES = 500
BYTES = 256 * 1024
# What the server is asked for: it counts from the first of the last lines, we keep the end.
SERVED = 16 * 1024 * 1024
_NO_PREVIOUS = "previous terminated container"


class Log(NamedTuple):
    """One container's log: masked text, or why there is none."""

    pod: str
    container: str
    previous: bool
    text: str
    why_not: str = ""

    @property
    def title(self) -> str:
        """Whose words these are."""
        when = ", before its last restart" if self.previous else ""
        return f"Pod/{self.pod}, container {self.container}{when}"


def keep(folder: Folder, reader: Reader, namespace: str, pods: list[Json]) -> list[Log]:
    """Fetch and write the logs of these pods; what is not to be had is said in its file."""
    found = []
    for pod in pods:
        for container, previous in _wanted(pod):
            log = _fetch(reader, namespace, name(pod), container, previous)
            if log is None:
                continue
            found.append(log)
            ending = "-previous" if previous else ""
            said = log.text or f"({log.why_not})\n"
            folder.write(f"{name(pod)}-{container}{ending}.log", said, "logs")
    return found


def telling(logs: list[Log], pods: list[Json], container: str = "") -> Log | None:
    """The log to show first: of the worst pod (else of one like it), of that container, the one that ended
    badly if one did."""
    for pod in [pod for pod in pods if owner(pod) == owner(pods[0])]:
        mine = [log for log in logs if log.pod == name(pod) and log.text.strip()]
        mine = [log for log in mine if log.container == container] or mine
        if mine:
            return min(mine, key=lambda log: _rank(pod, log))
    return None


def _rank(pod: Json, log: Log) -> tuple[bool, int, bool]:
    status = next((each for each in statuses(pod) if text(each, "name") == log.container), {})
    ended = mapping(status, "state", "terminated") or mapping(status, "lastState", "terminated")
    fits = log.previous == is_told_by_previous(pod, log.container)
    return (number(ended, "exitCode") == 0, -number(status, "restartCount"), not fits)


def _wanted(pod: Json) -> list[tuple[str, bool]]:
    """(container, whether the one before its restart) for all logs that a pod may have."""
    known = {text(status, "name"): status for status in statuses(pod)}
    specs = [*objects(pod, "spec", "initContainers"), *objects(pod, "spec", "containers")]
    found = []
    for container in [text(spec, "name") for spec in specs] or list(known):
        status = known.get(container, {})
        found.append((container, False))
        if number(status, "restartCount") or mapping(status, "lastState", "terminated"):
            found.append((container, True))
    return [(container, previous) for container, previous in found if container]


def _fetch(reader: Reader, namespace: str, pod: str, container: str, previous: bool) -> Log | None:
    query: dict[str, str | int] = {
        "container": container,
        "tailLines": LINES,
        "limitBytes": SERVED,
        "previous": str(previous).lower(),
    }
    try:
        raw = reader.tail(built_in("Pod").path(namespace, pod, "log"), query, BYTES)
    except NotHad as error:
        if previous and _NO_PREVIOUS in str(error):
            return None
        return Log(pod, container, previous, "", f"no log: {error}")
    said = scrub(raw.decode("utf-8", "replace"))
    return Log(pod, container, previous, said, "" if said else "the log is empty")
