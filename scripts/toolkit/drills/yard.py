"""Several lanes side by side, each a thread with its own space; what is submitted goes to a free one."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple, Self

from toolkit.base.outcome import Interrupted, PipelineError
from toolkit.drills import running
from toolkit.drills.cases import Drill
from toolkit.drills.grounds.ground import Ground
from toolkit.drills.lane import Lane
from toolkit.drills.running import Result

LEAVE_SECONDS = 90.0


class Task(NamedTuple):
    """One drill, or its look-alike, to be run."""

    case: Drill
    look_alike: bool

    @property
    def name(self) -> str:
        """For a person."""
        return f"{self.case.name}{' (look-alike)' if self.look_alike else ''}"


class Yard:
    """Runs drills while the block runs. Their spaces are deleted at its end, unless `keep`.

    origin: drills/; work: where working copies and records go; ground: the cluster; venvs: where the
    interpreters of apps are kept.
    """

    def __init__(
        self,
        *,
        origin: Path,
        work: Path,
        ground: Ground,
        venvs: Path,
        lanes: int,
        patience: float,
        keep: bool = False,
        say: Callable[[str], None] = print,
    ) -> None:
        self.origin, self.work, self.ground, self.venvs = origin, work, ground, venvs
        self.patience, self.keep, self.say = patience, keep, say
        self._mark = os.urandom(2).hex()
        # Drills need the good version back after each, look-alikes follow one another: better not mixed.
        self._queues: dict[bool, queue.SimpleQueue[tuple[Task, Future[Result]]]] = {
            kind: queue.SimpleQueue() for kind in (False, True)
        }
        self._stop = threading.Event()
        self._broken: PipelineError | None = None  # why even the good version does not get to production
        self._full = threading.Semaphore(0)
        likes = lanes // 3
        self._threads = [
            threading.Thread(target=self._work, args=(number, number > lanes - likes), daemon=True)
            for number in range(1, lanes + 1)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._stop.set()
        self._full.release(len(self._threads))
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(None if kind is None else LEAVE_SECONDS)

    def submit(self, tasks: Sequence[Task]) -> list[Future[Result]]:
        """Begin with these; no more can come after them."""
        found: list[Future[Result]] = [Future() for _ in tasks]
        for task, future in zip(tasks, found, strict=True):
            self._queues[task.look_alike].put((task, future))
            self._full.release()
        for thread in self._threads[: max(1, len(tasks))]:
            thread.start()
        return found

    def _next(self, likes: bool) -> tuple[Task, Future[Result]] | None:
        """The next task, of its own kind first; None when there is none left."""
        self._full.acquire()
        if self._stop.is_set():
            return None
        for kind in (likes, not likes):
            with contextlib.suppress(queue.Empty):
                return self._queues[kind].get_nowait()
        return None

    def _work(self, number: int, likes: bool) -> None:
        lane: Lane | None = None
        used = 0
        while (row := self._next(likes)) is not None:
            task, future = row
            try:
                if lane is None:
                    used += 1
                    lane = self._lane(f"{number}" if used == 1 else f"{number}-{used}")
                if task.look_alike:
                    result = running.look_alike(lane, task.case)
                else:
                    result = running.drill(lane, task.case, self.patience)
                if not result.ok:  # what is left of it must not spoil the next one
                    self._close(lane)
                    lane = None
                future.set_result(result)
            except BaseException as error:
                future.set_exception(error)
        self._drain()
        if lane is not None:
            self._close(lane)

    def _lane(self, name: str) -> Lane:
        """A lane with the good version in production. Where one fails no other is tried."""
        if self._broken is not None:
            raise self._broken
        space = f"drill-{self._mark}-{name}"
        self.say(f"[{space}] the good version goes to production")
        lane = Lane(self.origin, self.work / name, space, self.ground, self._stop)
        try:
            lane.set_up(self.venvs)
        except BaseException as error:
            self._broken = error if isinstance(error, PipelineError) else None
            self._close(lane)
            raise
        return lane

    def _close(self, lane: Lane) -> None:
        if not self.keep:
            try:
                lane.close()
            except PipelineError as error:
                self.say(f"[{lane.space}] {error.reason}")

    def _drain(self) -> None:
        """Nobody waits for ever for what was not begun."""
        if self._stop.is_set():
            for each in self._queues.values():
                with contextlib.suppress(queue.Empty):
                    while True:
                        each.get_nowait()[1].set_exception(Interrupted("the drills were interrupted"))
