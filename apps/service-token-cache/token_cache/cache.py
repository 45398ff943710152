"""A cache in memory: entries live for a fixed time, concurrent readers of an entry share one read."""

import asyncio
import time
from collections.abc import Awaitable, Callable

LIFE = 600.0  # seconds
ENTRIES = 10_000


class Cache:
    """Values by key. Nothing is remembered of a key that has no value: it may be published any moment."""

    def __init__(self, life: float = LIFE, clock: Callable[[], float] = time.monotonic) -> None:
        self.life, self.clock = life, clock
        self.entries: dict[tuple[str, str], tuple[float, str]] = {}
        self.reads: dict[tuple[str, str], asyncio.Task[str | None]] = {}

    async def get(
        self, key: tuple[str, str], read: Callable[[], Awaitable[str | None]], *, fresh: bool = False
    ) -> str | None:
        """The value, from memory unless it is older than `life` or `fresh` is asked for; else from `read`."""
        if not fresh and key in self.entries and self.clock() - self.entries[key][0] < self.life:
            return self.entries[key][1]
        if key not in self.reads:
            self.reads[key] = asyncio.ensure_future(self._read(key, read))
        return await asyncio.shield(self.reads[key])

    async def _read(self, key: tuple[str, str], read: Callable[[], Awaitable[str | None]]) -> str | None:
        try:
            started, value = self.clock(), await read()
            self.entries.pop(key, None)
            if value is not None:
                while len(self.entries) >= ENTRIES:
                    del self.entries[next(iter(self.entries))]  # the one read longest ago
                self.entries[key] = (started, value)
            return value
        finally:
            del self.reads[key]
