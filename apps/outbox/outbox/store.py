"""What arrived, in memory and bounded: the oldest goes first."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LIMIT = 128_000_000  # bytes kept of everything that arrived


@dataclass(frozen=True)
class Arrival:
    """A mail for one recipient or a webhook call: its box, its size in bytes, and what a test sees of it."""

    box: str
    size: int
    content: dict[str, Any]


class Store:
    """Boxes by name. All methods belong to one event loop."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit, self.size = limit, 0
        self.arrivals: deque[Arrival] = deque()
        self.changed = asyncio.Condition()

    async def put(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)
        self.size += arrival.size
        while self.size > self.limit:
            self.size -= self.arrivals.popleft().size
        async with self.changed:
            self.changed.notify_all()

    async def get(self, box: str, *, count: int, wait: float) -> list[dict[str, Any]]:
        """What lies in a box, oldest first: once it holds `count`, else what it has after `wait` seconds."""

        def contents() -> list[dict[str, Any]]:
            return [arrival.content for arrival in self.arrivals if arrival.box == box]

        return await self._when(lambda: len(contents()) >= count, contents, wait)

    async def clear(self, box: str) -> None:
        """Forget what lies in a box."""
        kept = [arrival for arrival in self.arrivals if arrival.box != box]
        self.arrivals, self.size = deque(kept), sum(arrival.size for arrival in kept)

    async def _when(
        self, enough: Callable[[], bool], found: Callable[[], list[dict[str, Any]]], wait: float
    ) -> list[dict[str, Any]]:
        async with self.changed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.changed.wait_for(enough), wait)
            return found()
