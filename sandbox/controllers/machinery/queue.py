"""A queue of keys to reconcile, with the three promises of upstream's workqueue.

A key that is added several times before it is taken is worked on once; a key that is added while it is being
worked on is worked on again afterwards, never twice at a time; a key that failed comes back after a pause
that doubles.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Generic, TypeVar

SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 30.0  # upstream: 5 ms doubling to 1000 s; a person is waiting here

K = TypeVar("K", bound=Hashable)


class Queue(Generic[K]):
    """Used from one event loop. Whoever takes a key with ``get`` says ``done`` when finished with it."""

    def __init__(self) -> None:
        self._ready: asyncio.Queue[K] = asyncio.Queue()
        self._dirty: set[K] = set()
        self._busy: set[K] = set()
        self._failures: dict[K, int] = {}
        self._later: dict[K, asyncio.TimerHandle] = {}

    def add(self, key: K) -> None:
        """Have the key worked on as soon as possible."""
        if timer := self._later.pop(key, None):
            timer.cancel()
        if key not in self._dirty:
            self._dirty.add(key)
            if key not in self._busy:
                self._ready.put_nowait(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Have the key worked on in so many seconds, or sooner if an earlier time is already set."""
        loop = asyncio.get_running_loop()
        planned = self._later.get(key)
        if planned is not None and planned.when() <= loop.time() + seconds:
            return
        if planned is not None:
            planned.cancel()
        self._later[key] = loop.call_later(seconds, self.add, key)

    def retry(self, key: K) -> float:
        """Have the key worked on after its back-off, which is returned in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        pause = min(SHORTEST_PAUSE * 2.0 ** min(failures, 32), LONGEST_PAUSE)
        self.add_after(key, pause)
        return pause

    def forget(self, key: K) -> None:
        """It went well: its next failure starts the back-off afresh."""
        self._failures.pop(key, None)

    async def get(self) -> K:
        """Wait for a key and take it."""
        key = await self._ready.get()
        self._dirty.discard(key)
        self._busy.add(key)
        return key

    def done(self, key: K) -> None:
        """Give the key back."""
        self._busy.discard(key)
        if key in self._dirty:
            self._ready.put_nowait(key)

    def close(self) -> None:
        """Cancel what is planned for later."""
        for timer in self._later.values():
            timer.cancel()
        self._later.clear()
