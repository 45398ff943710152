"""Events about pods, as a kubelet records them: the same event again raises its count instead of adding
one."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import Any

from sandbox.base.client import ApiError, Client, path
from sandbox.node.timing.durations import rfc3339

Object = dict[str, Any]
REMEMBERED = 4096
log = logging.getLogger(__name__)


class Recorder:
    """Queues events and sends them one after the other, so that their order is the order of what happened."""

    def __init__(self, client: Client, component: str = "kubelet", host: str = "sandbox") -> None:
        self._client, self._source = client, {"component": component, "host": host}
        self._queue: asyncio.Queue[Object] = asyncio.Queue(maxsize=10_000)
        self._known: dict[tuple[str, ...], tuple[str, int]] = {}  # what happened -> (event's name, count)

    def record(self, obj: Object, kind: str, reason: str, message: str, container: str = "") -> None:
        """``kind`` is Normal or Warning; ``container`` names the container (``init:name`` for an init
        container)."""
        meta = obj["metadata"]
        involved = {
            "kind": obj.get("kind", "Pod"),
            "apiVersion": obj.get("apiVersion", "v1"),
            "namespace": meta.get("namespace", "default"),
            "name": meta["name"],
            "uid": meta.get("uid", ""),
            "resourceVersion": meta.get("resourceVersion", ""),
        }
        if container:
            field, _, name = container.rpartition(":")
            involved["fieldPath"] = f"spec.{'initContainers' if field else 'containers'}{{{name}}}"
        now = rfc3339(time.time())
        event = {
            "apiVersion": "v1", "kind": "Event", "involvedObject": involved, "type": kind, "reason": reason,
            "message": message[:1024], "source": self._source, "count": 1, "firstTimestamp": now,
            "lastTimestamp": now, "reportingComponent": self._source["component"],
            "reportingInstance": self._source["host"],
        }  # fmt: skip
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            log.warning("event dropped: %s %s", reason, message)

    async def run(self) -> None:
        """Send what is queued, for ever."""
        while True:
            event = await self._queue.get()
            try:
                await self._send(event)
            except ApiError as error:
                log.debug("event %s: %s", event["reason"], error)
            finally:
                self._queue.task_done()

    async def flushed(self, seconds: float) -> None:
        """Wait until all that was recorded is sent, at most so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._queue.join()
        except TimeoutError:
            return

    async def _send(self, event: Object) -> None:
        involved = event["involvedObject"]
        key = (
            involved["uid"] or involved["name"],
            involved.get("fieldPath", ""),
            event["type"],
            event["reason"],
            event["message"],
        )
        where = involved["namespace"]
        name, count = self._known.pop(key, ("", 0))
        if name:
            try:
                patch = {"count": count + 1, "lastTimestamp": event["lastTimestamp"]}
                await self._client.merge(path("v1", "events", where, name), patch)
                self._known[key] = (name, count + 1)
                return
            except ApiError as error:
                if error.status != 404:
                    raise
        name = f"{involved['name']}.{time.time_ns():x}{os.urandom(2).hex()}"
        await self._client.create(
            path("v1", "events", where), event | {"metadata": {"name": name, "namespace": where}}
        )
        self._known[key] = (name, 1)
        while len(self._known) > REMEMBERED:
            self._known.pop(next(iter(self._known)))
