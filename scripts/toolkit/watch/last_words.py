"""What a container and its probes said before something happened to it. It explains, it never decides."""

from __future__ import annotations

from toolkit.base.outcome import Failed
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.event_index import event_time
from toolkit.cluster.diagnosis import signs
from toolkit.objects.fields import text
from toolkit.objects.resources import built_in
from toolkit.watch.sight import Sight, What

LOG_LINES = 10
EXITS = (What.RESTART, What.BACK_OFF)


def log(connection: Connection, namespace: str, sight: Sight) -> list[str]:
    """The last log lines, each with where it is from; of an ended container those before its end."""
    if not sight.container or sight.what is What.EVICTED:
        return []
    ended = sight.what in EXITS
    said = connection.logs(namespace, sight.pod, sight.container, previous=ended, lines=LOG_LINES)
    where = f"log of {sight.pod}/{sight.container}{' before the restart' if ended else ''}"
    return [f"{where}: {line}" for line in said.splitlines() if line.strip()]


def answer(connection: Connection, namespace: str, sight: Sight) -> str:
    """A probe's last answer, from the events: of the one that ended the container, or of any. "" for none."""
    if not sight.container or sight.what is What.EVICTED:
        return ""
    query = {"fieldSelector": f"involvedObject.uid={sight.uid}"}
    try:
        events = connection.list(built_in("Event").path(namespace), **query)["items"]
    except Failed:
        return ""
    field = f"{{{sight.container}}}"
    mine = [event for event in events if text(event, "involvedObject", "fieldPath").endswith(field)]
    mine.sort(key=event_time)
    wanted = ""
    if sight.what in EXITS:
        kills = [text(event, "message") for event in mine if text(event, "reason") == "Killing"]
        wanted = signs.probe_kill(kills[-1]) if kills else ""
        if not wanted:
            return ""
    said = [text(event, "message") for event in mine if text(event, "reason") == "Unhealthy"]
    return next((" ".join(line.split())[:300] for line in reversed(said) if wanted in line.lower()), "")
