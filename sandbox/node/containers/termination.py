"""Ends a container's process: preStop hook, stop signal, and SIGKILL when the grace is over."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sandbox.node.processes.process import Exit, Process

SHORTEST_GRACE = (
    2.0  # kubelet: minimumGracePeriodInSeconds, what a preStop hook that used all the grace leaves
)


@dataclass
class Kill:
    """A request to end the running process: how many seconds it may take, and (for a probe's) why."""

    grace: float
    message: str = ""


class Ending:
    """At most one request at a time for one container; it can be made more urgent while it is carried out."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.kill: Kill | None = None

    def reset(self) -> None:
        """For the next attempt."""
        self.kill = None
        self.asked.clear()

    def request(self, kill: Kill) -> None:
        """Ask for the end. A pod's end (no message) replaces a probe's; otherwise only a shorter grace
        counts."""
        now = self.kill
        if now is None or kill.grace < now.grace or (now.message and not kill.message):
            self.kill = kill
            self.asked.set()

    async def carry_out(
        self,
        process: Process,
        ending: asyncio.Task[Exit],
        number: int,
        hook: Callable[[float], Awaitable[None]] | None,
    ) -> None:
        """End ``process``, whose wait is ``ending``. ``number`` is its stop signal; ``hook`` runs preStop in
        a time."""
        if self.kill is None:
            raise RuntimeError("nobody asked for the end")
        clock = asyncio.get_running_loop().time
        began = clock()
        if hook and self.kill.grace > 0:
            hooked = asyncio.ensure_future(hook(self.kill.grace))
            await self._until(began, 0.0, [ending, hooked])
            hooked.cancel()
        least = clock() + SHORTEST_GRACE if hook else 0.0
        process.signal(number)
        await self._until(began, least, [ending])
        process.signal(signal.SIGKILL)
        await asyncio.wait([ending])

    async def _until(self, began: float, least: float, tasks: list[asyncio.Future[Any]]) -> None:
        """Wait for any of ``tasks``, until the grace (which may shrink meanwhile) or the time ``least`` is
        over."""
        clock = asyncio.get_running_loop().time
        while self.kill is not None:
            self.asked.clear()
            left = max(began + self.kill.grace, least if self.kill.grace > 0 else 0.0) - clock()
            if left <= 0:
                return
            asked = asyncio.create_task(self.asked.wait())
            done, _ = await asyncio.wait([*tasks, asked], timeout=left, return_when=asyncio.FIRST_COMPLETED)
            asked.cancel()
            if done & set(tasks):
                return


def signal_number(name: str) -> int:
    """STOPSIGNAL's number: "SIGINT", "INT" and "2" are the same; SIGTERM for what is none."""
    if name.isdigit():
        return int(name)
    return int(getattr(signal, name if name.startswith("SIG") else f"SIG{name}", signal.SIGTERM))
