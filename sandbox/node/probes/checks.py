"""Runs a running container's probes on their schedule and tells what they find."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sandbox.node.probes.handlers import Answer
from sandbox.node.probes.probing import EAGER_FIRST, Kind, Settings, Tracker, eager_looks
from sandbox.node.timing.slowness import Slowness

Object = dict[str, Any]
# A kubelet notices a started container at its next relist, up to a second later, and probes it from then on.
NOTICED_SECONDS = 1.0


@dataclass(frozen=True)
class Listener:
    """Who is told. ``look(probe, timeout)`` runs a probe once; ``verdict(kind, healthy)`` says that a probe
    has passed or crossed its failure threshold; ``unhealthy(kind, output)`` tells every failed scheduled
    probe."""

    look: Callable[[Object, float], Awaitable[Answer]]
    verdict: Callable[[Kind, bool], None]
    unhealthy: Callable[[Kind, str], None]


async def check(
    container: Object, started_at: float, up: asyncio.Event, listener: Listener, slowness: Slowness
) -> None:
    """Run every probe of ``container`` until cancelled.

    ``started_at`` is the loop's time of the container's start; ``up`` is set once its startup probe has
    passed (or at once when there is none), and liveness and readiness wait for it.
    """
    async with asyncio.TaskGroup() as group:
        for kind in Kind:
            if container.get(kind.field):
                probe = container[kind.field]
                group.create_task(_check_one(kind, probe, started_at, up, listener, slowness))


async def _check_one(
    kind: Kind,
    probe: Object,
    started_at: float,
    up: asyncio.Event,
    listener: Listener,
    slowness: Slowness,
) -> None:
    settings = Settings.of(probe)
    tracker = Tracker(settings)
    clock = asyncio.get_running_loop().time
    if kind is not Kind.STARTUP:
        await up.wait()
    await asyncio.sleep(max(0.0, started_at + settings.initial_delay - clock()))
    eager = kind is not Kind.LIVENESS and not slowness
    first = started_at + max(settings.initial_delay, NOTICED_SECONDS) + slowness.first_look(settings.period)
    if eager and first > clock() and await _eager(probe, settings, clock(), first, listener):
        eager = False
        if _tell(kind, tracker, True, listener):
            return
        first = clock() + settings.period
    await asyncio.sleep(max(0.0, first - clock()))
    while True:
        tick = clock()
        answer = await listener.look(probe, settings.timeout)
        if not answer.success:
            listener.unhealthy(kind, answer.output)
        eager = eager and not answer.success
        if _tell(kind, tracker, answer.success, listener):
            return
        if eager and await _eager(probe, settings, tick, tick + settings.period, listener):
            eager = False
            if _tell(kind, tracker, True, listener):
                return
            tick = clock()
        await asyncio.sleep(max(0.0, tick + settings.period - clock()))


def _tell(kind: Kind, tracker: Tracker, success: bool, listener: Listener) -> bool:
    """Pass a verdict on; True when this probe has nothing more to do for this start of the container."""
    verdict = tracker.observe(success)
    if verdict is None:
        return False
    listener.verdict(kind, verdict)
    return kind is Kind.STARTUP or (kind is Kind.LIVENESS and not verdict)


async def _eager(probe: Object, settings: Settings, since: float, until: float, listener: Listener) -> bool:
    """Look for the first success between two scheduled probes; True when it came."""
    clock = asyncio.get_running_loop().time
    for offset in eager_looks(until - since):
        if since + offset < clock():
            continue
        await asyncio.sleep(since + offset - clock())
        left = max(EAGER_FIRST, until - clock())
        if (await listener.look(probe, min(settings.timeout, left))).success:
            return True
    return False
