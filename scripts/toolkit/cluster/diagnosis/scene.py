"""What was seen when a verdict fell: the objects, what is wrong with them, and what happened before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.api.event_index import events_by_object
from toolkit.cluster.diagnosis.diagnosis import diagnose
from toolkit.cluster.diagnosis.finding import Finding, ordered
from toolkit.cluster.diagnosis.workloads import of_daemon_set, of_stateful_set
from toolkit.objects.resources import built_in

Json = dict[str, Any]
KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod")


class Scene(NamedTuple):
    """objects by kind; findings gravest first; timeline of (UTC ISO 8601, sentence), oldest first."""

    objects: Mapping[str, tuple[Json, ...]] = {}
    findings: tuple[Finding, ...] = ()
    timeline: tuple[tuple[str, str], ...] = ()

    def all(self, kind: str) -> list[Json]:
        """The objects of a kind."""
        return list(self.objects.get(kind, ()))


def look(connection: Connection, namespace: str, selector: str) -> Scene:
    """The scene by listing, where nothing was watching. Kinds that may not be read are left out."""
    found: dict[str, tuple[Json, ...]] = {}
    for kind in (*KINDS, "Event"):
        query = {} if kind == "Event" else {"labelSelector": selector}
        try:
            items = connection.list(built_in(kind).path(namespace), **query)["items"]
        except ApiError as error:
            if error.status not in (403, 404):
                raise
            continue
        for item in items:
            item.setdefault("kind", kind)
        found[kind] = tuple(items)
    findings = diagnose(obj for objects in found.values() for obj in objects)
    pods, events = found.get("Pod", ()), events_by_object(found.get("Event", ()))
    for each in found.get("StatefulSet", ()):
        findings += of_stateful_set(each, pods, events)
    for each in found.get("DaemonSet", ()):
        findings += of_daemon_set(each, pods, events)
    return Scene(found, tuple(ordered(findings)))
