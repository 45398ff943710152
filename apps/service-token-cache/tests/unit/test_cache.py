"""How long things are remembered, with a clock of the test's own."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from token_cache import cache as module
from token_cache.cache import LIFE, Cache


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def counting() -> tuple[list[int], Callable[[], Awaitable[str | None]]]:
    reads: list[int] = []

    async def read() -> str | None:
        reads.append(1)
        return f"key {len(reads)}"

    return reads, read


def test_an_entry_lives_ten_minutes() -> None:
    async def story() -> list[str | None]:
        clock = Clock()
        cache, (_, read) = Cache(clock=clock), counting()
        found = [await cache.get(("n", "s"), read)]
        clock.now += LIFE - 1
        found.append(await cache.get(("n", "s"), read))
        clock.now += 1
        found.append(await cache.get(("n", "s"), read))
        return found

    assert LIFE == 600
    assert asyncio.run(story()) == ["key 1", "key 1", "key 2"]


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> list[tuple[str, str]]:
        cache, (_, read) = Cache(), counting()
        for name in ("a", "b", "a", "c"):
            await cache.get(("n", name), read, fresh=True)
        return list(cache.entries)

    monkeypatch.setattr(module, "ENTRIES", 2)
    assert asyncio.run(story()) == [("n", "a"), ("n", "c")]


def test_a_failed_read_is_not_remembered() -> None:
    async def story() -> str | None:
        cache, (_, read) = Cache(), counting()

        async def fail() -> str | None:
            raise OSError

        with pytest.raises(OSError):
            await cache.get(("n", "s"), fail)
        return await cache.get(("n", "s"), read)

    assert asyncio.run(story()) == "key 1"
