"""The promises of the controllers' queue."""

from __future__ import annotations

import asyncio

from sandbox.controllers.machinery.queue import LONGEST_PAUSE, SHORTEST_PAUSE, Queue


async def empty(queue: Queue[str]) -> bool:
    """Whether there is nothing to take now."""
    taker = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    done = taker.done()
    taker.cancel()
    return not done


def test_a_key_is_taken_once_and_never_twice_at_a_time() -> None:
    async def scene() -> None:
        queue: Queue[str] = Queue()
        for _ in range(3):
            queue.add("a")
        assert await queue.get() == "a"
        assert await empty(queue)
        queue.add("a")  # changed while it is being worked on
        queue.add("a")
        assert await empty(queue)
        queue.done("a")
        assert await queue.get() == "a"
        queue.done("a")
        assert await empty(queue)

    asyncio.run(scene())


def test_the_back_off_doubles_and_is_forgotten_after_success() -> None:
    async def scene() -> None:
        queue: Queue[str] = Queue()
        pauses = [queue.retry("a") for _ in range(20)]
        assert pauses[:3] == [SHORTEST_PAUSE, SHORTEST_PAUSE * 2, SHORTEST_PAUSE * 4]
        assert pauses[-1] == LONGEST_PAUSE
        queue.forget("a")
        assert queue.retry("a") == SHORTEST_PAUSE
        queue.close()

    asyncio.run(scene())


def test_the_earlier_of_two_times_counts_and_now_beats_both() -> None:
    async def scene() -> None:
        queue: Queue[str] = Queue()
        queue.add_after("a", 3600)
        queue.add_after("a", 0.01)
        queue.add_after("a", 1800)
        assert await asyncio.wait_for(queue.get(), 5) == "a"
        queue.done("a")
        queue.add_after("b", 3600)
        queue.add("b")
        assert await queue.get() == "b"
        queue.done("b")
        assert await empty(queue)
        queue.close()

    asyncio.run(scene())
