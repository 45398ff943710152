"""Several kinds of one namespace as they are now, kept up to date by a stream of each."""

from __future__ import annotations

import gc
import queue
import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Self

from toolkit.base.outcome import Failed
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.event_index import EventIndex
from toolkit.cluster.api.known import Known
from toolkit.cluster.api.stream import AHEAD, Stream
from toolkit.cluster.api.stream import Change as Change
from toolkit.objects.resources import Resource, built_in

Json = dict[str, Any]
NONE: Mapping[str, Resource] = MappingProxyType({})
GARBAGE = (10_000, 10, 10)


class Watcher:
    """Several kinds of one namespace as they are now. wait() takes in what came; one thread may use it."""

    def __init__(
        self,
        connection: Connection,
        namespace: str,
        kinds: Mapping[str, Mapping[str, str]],
        resources: Mapping[str, Resource] = NONE,
    ) -> None:
        """kinds: kind -> query, such as {"Pod": {"labelSelector": "appGroup=fb-submitter"}}.

        resources says where those kinds live that are not built in; they are called as titles are:
        Certificate.cert-manager.io.
        """
        self._queue: queue.SimpleQueue[Change] = queue.SimpleQueue()
        self._known = {kind: Known() for kind in kinds if kind != "Event"}
        self.events = EventIndex(self._is_ours)
        self.synced: set[str] = set()
        self.troubles: dict[str, Failed] = {}
        self._streams = {
            kind: Stream(
                connection, kind, (resources.get(kind) or built_in(kind)).path(namespace), query, self._queue
            )
            for kind, query in kinds.items()
        }

    def __enter__(self) -> Self:
        # JSON has no cycles, and to look for them after every 700 objects takes a fifth of the time.
        gc.set_threshold(*GARBAGE)
        for stream in self._streams.values():
            stream.start()
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._streams.values():
            stream.stop()
        until = time.monotonic() + 2
        for stream in self._streams.values():
            stream.join(max(0.0, until - time.monotonic()))

    def all(self, kind: str) -> list[Json]:
        """The objects of a kind; of events, those about the objects of the other kinds, and a few more."""
        return self.events.all() if kind == "Event" else list(self._known[kind].objects.values())

    def named(self, kind: str, name: str) -> Json | None:
        """The object of that kind and name."""
        return self._known[kind].named(name)

    def owned(self, kind: str, owner: str) -> list[Json]:
        """The objects of a kind that the object with that uid controls."""
        return list(self._known[kind].owned.get(owner, {}).values())

    def blind(self, kinds: Iterable[str]) -> float:
        """For how many seconds at least one of the kinds could not be seen; 0 while all of them can."""
        return max((self._streams[kind].blind() for kind in kinds), default=0.0)

    def doubt(self) -> None:
        """List everything anew: somebody knows that what is known here is old."""
        for stream in self._streams.values():
            stream.doubt()

    def wait(self, seconds: float) -> list[Change]:
        """What happened, oldest first; returns as soon as something did, [] after that many seconds."""
        try:
            changes = [self._queue.get(timeout=max(0.0, seconds))]
        except queue.Empty:
            return []
        while len(changes) < AHEAD:
            try:
                changes.append(self._queue.get_nowait())
            except queue.Empty:
                break
        for change in changes:
            self._take(change)
        return changes

    def _take(self, change: Change) -> None:
        if change.what == "trouble" and change.error is not None:
            self.troubles[change.kind] = change.error
            return
        self.troubles.pop(change.kind, None)
        into = self.events if change.kind == "Event" else self._known[change.kind]
        if change.what == "synced":
            into.clear()
            for item in change.items:
                into.put(item)
            self.synced.add(change.kind)
        elif change.what == "deleted":
            into.drop(change.object)
        else:
            into.put(change.object)

    def _is_ours(self, kind: str, name: str) -> bool:
        # An event says Certificate, the watch has it as Certificate.cert-manager.io.
        mine = [known for title, known in self._known.items() if title.partition(".")[0] == kind]
        return any(known.named(name) is not None for known in mine)
