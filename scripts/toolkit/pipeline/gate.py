"""What holds back the stages of runs that go side by side: the machine's cores, and what an app needs.

A stage that computes takes one of `jobs` places; of those that wait, the one of the app that comes first in
the order gets the next. A deployment waits until those of the apps that it needs are done there, however they
ended: what is tested is then what will be there. What undoes, announces or only watches never waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from toolkit.pipeline.plan import Stage

ASIDE = ("approve", "watch", "alert", "rollback")
"""Stages that compute next to nothing, or must not wait."""

DEPLOY = "deploy"


class Gate(Protocol):
    """What a run may have to wait for beside its own stages."""

    def ask(self, app: str, stage: Stage) -> str:
        """ "" when the stage may start now, which is then noted; else what it waits for."""

    def ended(self, app: str, stage: Stage) -> None:
        """A stage that was let through ended."""


class _Open:
    """For a run that is alone."""

    def ask(self, _app: str, _stage: Stage) -> str:
        """Always."""
        return ""

    def ended(self, _app: str, _stage: Stage) -> None:
        """Nobody waits."""


OPEN: Gate = _Open()


class Cores:
    """For runs on threads of one process. `order`: whose turn is first; `needs`: what each waits for."""

    def __init__(self, jobs: int, order: Sequence[str], needs: Mapping[str, Sequence[str]]) -> None:
        self.jobs = jobs
        self._rank = {app: place for place, app in enumerate(order)}
        self._needs = needs
        self._lock = threading.Lock()
        self._going: set[tuple[str, str]] = set()
        self._wanting: dict[tuple[str, str], None] = {}  # in the order of asking
        self._coming: dict[str, set[str]] = {}  # app: the deployments that it has still before it
        self._wake: list[Callable[[], None]] = []

    def enter(self, app: str, stages: Sequence[Stage], wake: Callable[[], None]) -> None:
        """A run of an app will begin; before that none of them may. `wake`: look again, something changed."""
        with self._lock:
            self._coming[app] = {stage.id for stage in stages if stage.name == DEPLOY}
            self._wake.append(wake)

    def leave(self, app: str) -> None:
        """A run is over, whatever became of its stages."""
        with self._lock:
            self._coming.pop(app, None)
            self._wanting = {each: None for each in self._wanting if each[0] != app}
            self._going = {each for each in self._going if each[0] != app}
        self._tell()

    def ask(self, app: str, stage: Stage) -> str:
        """ "" when the stage may start now, which is then noted; else what it waits for."""
        if stage.name in ASIDE:
            return ""
        me = (app, stage.id)
        with self._lock:
            if stage.name == DEPLOY:
                for need in self._needs.get(app, ()):
                    if stage.id in self._coming.get(need, ()):
                        return f"for {stage.id} of {need}"
            self._wanting.setdefault(me)
            free = self.jobs - len(self._going)
            first = sorted(self._wanting, key=lambda each: self._rank[each[0]])[: max(0, free)]
            if me not in first:
                return "for its turn"
            del self._wanting[me]
            self._going.add(me)
            return ""

    def ended(self, app: str, stage: Stage) -> None:
        """A stage that was let through ended."""
        with self._lock:
            self._going.discard((app, stage.id))
            self._coming.get(app, set()).discard(stage.id)
        self._tell()

    def _tell(self) -> None:
        for wake in list(self._wake):
            wake()
