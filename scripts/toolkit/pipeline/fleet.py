"""Several apps through the pipeline at once: an engine for each on a thread of its own, behind one gate.

Each run keeps its own record and sends its own alert, as if it were alone. One that fails does not stop the
others: those that need it are tested against what is there.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from toolkit.base import console
from toolkit.base.outcome import Kind, Outcome, PipelineError, worst
from toolkit.base.signals import noted
from toolkit.base.table import aligned
from toolkit.pipeline import fleet_views, running
from toolkit.pipeline.engine import Engine
from toolkit.pipeline.gate import Cores
from toolkit.settings import command
from toolkit.settings.config import Config
from toolkit.settings.request import Request

LOOK = 0.5  # seconds after which a signal is noticed at the latest
HEADINGS = ("app", "outcome", "version", "time", "")


@dataclass
class Lane:
    """One app's way through the pipeline. engine is None where there was nothing to begin with."""

    request: Request
    engine: Engine | None = None
    outcome: Outcome = field(default_factory=Outcome)


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(config: Config, names: Sequence[str]) -> list[str]:
    """The apps by priority, but what an app needs before it: it waits for that."""
    found: list[str] = []
    for app in config.apps.values():
        if app.name in names:
            found += [need.name for need in config.needs_of(app) if need.name in names]
            found.append(app.name)
    return list(dict.fromkeys(found))


def run(
    requests: Sequence[Request], *, jobs: int, fresh: bool, foresee: Callable[[Request], None]
) -> Outcome:
    """All of them to their ends, at most `jobs` computing stages at a time, and one table that says how.

    foresee raises for one that need not begin: it must end so.
    The outcome is the gravest of all; it has no reason, for that has been said.
    """
    config, source = requests[0].config, requests[0].source
    names = [request.app.name for request in requests]
    order = in_order(config, names)
    needs = {app.name: [need.name for need in config.needs_of(app)] for app in config.apps.values()}
    gate = Cores(jobs, order, needs)
    lanes = {request.app.name: Lane(request) for request in requests}
    running.settle(requests[0])
    console.say(f"{len(lanes)} apps, {jobs} stages at a time: {', '.join(order)}")
    _foreseen(list(lanes.values()), foresee)
    asked: list[str] = []

    def stop(why: str) -> None:
        asked.append(why)
        for lane in lanes.values():
            if lane.engine:
                lane.engine.stop(why)

    with noted(stop):
        with fleet_views.choose(source.system, max(map(len, names))) as screen:
            for name in order:
                _begin(lanes[name], gate, screen, fresh=fresh)
            if asked:
                stop(asked[0])
            threads = [threading.Thread(target=_go, args=(lanes[name], gate), name=name) for name in order]
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(LOOK)
        return summary([lanes[name] for name in names])


def _foreseen(lanes: Sequence[Lane], foresee: Callable[[Request], None]) -> None:
    def one(lane: Lane) -> None:
        try:
            foresee(lane.request)
        except PipelineError as error:
            lane.outcome = error.outcome

    with ThreadPoolExecutor(max(2, cores()), thread_name_prefix="foresee") as pool:
        list(pool.map(one, lanes))


def _begin(lane: Lane, gate: Cores, screen: fleet_views.Screen, *, fresh: bool) -> None:
    app = lane.request.app.name
    if not lane.outcome.passed:
        return
    try:
        engine = running.begin(lane.request, lambda made: screen.lane(app, made), fresh=fresh, gate=gate)
    except PipelineError as error:
        lane.outcome = error.outcome
        return
    gate.enter(app, engine.plan.stages, engine.wake)
    lane.engine = engine


def _go(lane: Lane, gate: Cores) -> None:
    if lane.engine is None:
        return
    try:
        lane.outcome = lane.engine.run()
    except PipelineError as error:
        lane.outcome = error.outcome
    except Exception as error:
        lane.outcome = command.unforeseen(error, lane.engine.record.folder)
    finally:
        gate.leave(lane.request.app.name)


def summary(lanes: Sequence[Lane]) -> Outcome:
    """Say how each ended: those that did not pass in full, then a line for every one."""
    for lane in lanes:
        if not lane.outcome.passed:
            if lane.engine and lane.engine.record.data["finished"]:
                running.tell(lane.engine, lane.outcome)
            else:
                console.report(lane.request.app.title, lane.outcome)
    lines = aligned([HEADINGS, *(_cells(lane) for lane in lanes)])
    console.say("\n".join(["", *(line.rstrip() for line in lines)]))
    everything = worst(lane.outcome for lane in lanes)
    passed = sum(lane.outcome.passed for lane in lanes)
    console.say(f"{console.mark(everything.kind)} {passed} of {len(lanes)} apps passed")
    return Outcome(everything.kind)


def _cells(lane: Lane) -> tuple[str, ...]:
    kind, name = lane.outcome.kind, lane.request.app.name
    if lane.engine is None:
        return name, kind.value, "-", "-", "nothing was started"
    data = lane.engine.record.data
    took = sum(stage["seconds"] or 0.0 for stage in data["stages"])
    return name, kind.value, data["version"], console.clock(took), _remark(data["stages"], kind)


def _remark(stages: Sequence[dict[str, object]], kind: Kind) -> str:
    """What did not pass; else what had to be done at all."""
    bad = [stage for stage in stages if stage["outcome"] not in (Kind.PASSED.value, "not run")]
    if bad:
        return "; ".join(f"{stage['id']} {stage['outcome']}" for stage in bad)
    if kind is not Kind.PASSED:
        return "its log says why"
    reused = sum(1 for stage in stages if stage.get("reused"))
    return f"{len(stages)} stages" + (f", {reused} of them reused" if reused else "")
