"""Tells the API how a pod is doing, and in the end to forget it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from sandbox.base.client import ApiError, Client, path

Object = dict[str, Any]
RETRY = (0.1, 5.0)  # seconds, doubling
log = logging.getLogger(__name__)


class Teller:
    """Keeps the status of one pod (named by its ``meta``) equal to what ``status`` computes.

    A pod that the API no longer has, or has under another uid, is left alone.
    """

    def __init__(self, client: Client, meta: Object, status: Callable[[], Object]) -> None:
        self._client, self._status = client, status
        self._uid = meta["uid"]
        self._path = path("v1", "pods", meta["namespace"], meta["name"])
        self._dirty = asyncio.Event()
        self.told: Object = {}

    def changed(self) -> None:
        """The status may have changed."""
        self._dirty.set()

    async def run(self) -> None:
        """Tell every change, for ever; changes that come together are told together."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            await self.tell()

    async def tell(self) -> None:
        """Send the status unless the API has it; tries until it is taken or the pod is gone."""
        wait, longest = RETRY
        while (status := self._status()) != self.told:
            try:
                await self._client.merge(
                    f"{self._path}/status", {"metadata": {"uid": self._uid}, "status": status}
                )
                self.told = status
                return
            except ApiError as error:
                if error.status in (404, 409):
                    return
                log.debug("status of %s: %s", self._path, error)
            await asyncio.sleep(wait)
            wait = min(wait * 2, longest)

    async def forget(self) -> None:
        """Delete the pod for good: nothing of it runs any more."""
        wait, longest = RETRY
        while True:
            try:
                await self._client.delete(self._path, grace=0, uid=self._uid)
                return
            except ApiError as error:
                if error.status in (404, 409):
                    return
                log.debug("deletion of %s: %s", self._path, error)
            await asyncio.sleep(wait)
            wait = min(wait * 2, longest)
