"""Events are news: an hour after the last time it happened, one is deleted (kube-apiserver --event-ttl,
default 1h)."""

from __future__ import annotations

from sandbox.client import ApiError, Key, Object, path
from sandbox.controllers import objects
from sandbox.controllers.controller import Cluster, Controller

KEPT = 3600.0  # seconds


class EventCleanup(Controller):
    """One timer for each event."""

    name = "event-cleanup"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.events = cluster.informer("v1", "events")
        self.events.subscribe(self._changed)

    def _changed(self, kind: str, new: Object, old: Object | None) -> None:
        del old
        if kind == "ADDED":
            self.enqueue(kind, new, None)

    async def reconcile(self, key: Key) -> float | None:
        """Delete it if it is old, else say when it will be."""
        event = self.events.items.get(key)
        if event is None:
            return None
        last = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
        left = KEPT - objects.seconds_since(last, objects.now())
        if left > 0:
            return left + 1.0
        try:
            await self.client.delete(path("v1", "events", *key))
        except ApiError as error:
            if error.status != 404:
                raise
        return None
