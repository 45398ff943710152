"""What became of an awaited object that is not there any more: how it was seen last, and its namespace."""

from __future__ import annotations

from typing import Any

from toolkit.base.outcome import Failed
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.event_index import EventIndex
from toolkit.cluster.diagnosis.finding import Finding
from toolkit.cluster.diagnosis.progress import Awaited
from toolkit.objects.resources import built_in

Json = dict[str, Any]


class LastSeen:
    """Remembers the awaited objects of one rollout as they were seen last."""

    def __init__(self, connection: Connection, namespace: str) -> None:
        self._connection = connection
        self._path = built_in("Namespace").path(name=namespace)
        self._seen: dict[str, Json] = {}

    def gone(self, each: Awaited, live: Json | None, events: EventIndex) -> list[Finding] | None:
        """None while it is there; else why it is not, [] when it had done its work before it went."""
        if live is not None:
            self._seen[each.uid] = live
            return None
        return each.gone(self._seen.get(each.uid), events, self._namespace)

    def _namespace(self) -> Json | None:
        """The namespace as it is, None when there is none, {} when that cannot be told."""
        try:
            return self._connection.find(self._path)
        except Failed:
            return {}
