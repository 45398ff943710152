"""Events: what a controller or the node tells people about an object, counted instead of repeated."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import OrderedDict

from sandbox.base.client import ApiError, Client, Object, path
from sandbox.controllers.machinery.objects import micro, now, stamp

SIMILAR, SIMILAR_FOR = (
    10,
    600.0,
)  # after so many messages that differ only in detail they are combined (client-go)
REMEMBERED = 1024  # distinct events that a repetition is still counted on; client-go keeps 4096
BACKLOG = 1000  # events that wait while the API is away; beyond it the newest are dropped, as in client-go
ATTEMPTS = 12  # client-go: 12, 10 s apart
PAUSE = 0.5

Identity = tuple[str, ...]

log = logging.getLogger(__name__)
_serial = itertools.count()


class Recorder:
    """Writes Events in the background: ``record`` never waits and never fails, ``run`` does the work."""

    def __init__(self, client: Client, component: str, host: str = "") -> None:
        self._client, self._component, self._host = client, component, host
        self._waiting: asyncio.Queue[Object] = asyncio.Queue(BACKLOG)
        self._known: OrderedDict[Identity, tuple[str, int]] = OrderedDict()
        self._similar: OrderedDict[Identity, tuple[float, set[str]]] = OrderedDict()

    def record(
        self, obj: Object, kind: str, reason: str, message: str, field_path: str = "", action: str = ""
    ) -> None:
        """Note a Normal or Warning event about ``obj``; ``field_path`` such as spec.containers{app}.
        ``action`` is what was being done, where events are told as events.k8s.io has them (the scheduler's):
        with an eventTime in the place of times and counts."""
        meta = obj["metadata"]
        regarding = {
            "apiVersion": obj.get("apiVersion", ""),
            "kind": obj.get("kind", ""),
            "name": meta["name"],
            "uid": meta.get("uid", ""),
            "resourceVersion": meta.get("resourceVersion", ""),
        }
        regarding |= {"namespace": meta["namespace"]} if meta.get("namespace") else {}
        regarding |= {"fieldPath": field_path} if field_path else {}
        event = {"involvedObject": regarding, "type": kind, "reason": reason, "message": message[:1024]}
        try:
            times = {"action": action, "eventTime": micro()} if action else {"lastTimestamp": stamp(now())}
            self._waiting.put_nowait(event | times)
        except asyncio.QueueFull:
            log.warning("event dropped, the API does not take them: %s %s", reason, message)

    async def run(self) -> None:
        """Write what was recorded, in order, for ever."""
        while True:
            event = await self._waiting.get()
            for attempt in range(ATTEMPTS):
                try:
                    await self._write(event)
                    break
                except ApiError as error:
                    if error.status not in (0, 429) and error.status < 500:
                        log.debug("event refused: %s", error)  # its namespace is going away, most likely
                        break
                    await asyncio.sleep(PAUSE * (attempt + 1))

    async def _write(self, event: Object) -> None:
        about = event["involvedObject"]
        space = about.get("namespace", "default")
        group = (about["uid"], about.get("fieldPath", ""), event["type"], event["reason"])
        identity = (*group, event["message"])
        if self._too_many(group, event["message"]):
            event = {**event, "message": f"(combined from similar events): {event['message']}"}
            identity = (*group, "")
        if identity in self._known:
            name, count = self._known[identity]
            try:
                again = _again(event, count + 1)
                await self._client.merge(path("v1", "events", space, name), again)
                self._remember(identity, name, count + 1)
                return
            except ApiError as error:
                if error.status != 404:  # 404: it is older than events are kept; start counting anew
                    raise
        name = f"{about['name'][:220]}.{time.time_ns() + next(_serial):x}"
        await self._client.create(
            path("v1", "events", space),
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": space},
                **event,
                **self._told_by(event),
            },
        )
        self._remember(identity, name, 1)

    def _told_by(self, event: Object) -> Object:
        if "eventTime" in event:
            instance = f"{self._component}-{self._host or 'sandbox'}"
            nothing: Object = {"firstTimestamp": None, "lastTimestamp": None, "source": {}}
            return {**nothing, "reportingComponent": self._component, "reportingInstance": instance}
        source = {"component": self._component} | ({"host": self._host} if self._host else {})
        first = {"firstTimestamp": event["lastTimestamp"], "eventTime": None, "count": 1, "source": source}
        return {**first, "reportingComponent": self._component, "reportingInstance": self._host}

    def _remember(self, identity: Identity, name: str, count: int) -> None:
        self._known[identity] = (name, count)
        self._known.move_to_end(identity)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _too_many(self, group: Identity, message: str) -> bool:
        since, messages = self._similar.pop(group, (time.monotonic(), set()))
        if time.monotonic() - since > SIMILAR_FOR:
            since, messages = time.monotonic(), set()
        if len(messages) <= SIMILAR:
            messages.add(message)
        self._similar[group] = (since, messages)
        while len(self._similar) > REMEMBERED:
            self._similar.popitem(last=False)
        return len(messages) > SIMILAR


def _again(event: Object, count: int) -> Object:
    """What a repetition changes: a count and a time, or a series of them (client-go: tools/events)."""
    if "eventTime" in event:
        series = {"count": count, "lastObservedTime": event["eventTime"]}
        return {"series": series, "message": event["message"]}
    return {"count": count, "lastTimestamp": event["lastTimestamp"], "message": event["message"]}
