"""Runs a plan: each stage a process, independent ones side by side, every one with a deadline.

Only this module's thread writes the record. Stages report through their exit code and an outcome.json.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from toolkit.model import App, Cluster
from toolkit.outcome import Interrupted, Kind, Outcome, worst
from toolkit.plan import Plan, Stage
from toolkit.processes import Background
from toolkit.record import Record, as_json, as_outcome, now, read_json
from toolkit.request import RUN_FOLDER, SOURCE, STAGE_FOLDER
from toolkit.reuse import Reuse
from toolkit.views import View

NOT_RUN = "not run"
GRACE = 20.0  # seconds that a stage gets to release what it holds, between SIGTERM and SIGKILL
BEAT = 0.25  # seconds between looks at deadlines and redraws

_WHY = {
    signal.SIGINT: "it was interrupted (Ctrl-C)",
    signal.SIGTERM: "it was told to stop (SIGTERM)",
}


@dataclass
class _Running:
    stage: Stage
    entry: dict[str, Any]
    inputs: str
    process: Background
    until: float
    stopped: Outcome | None = None
    killed: bool = False


class Engine:
    """One run of one plan."""

    def __init__(
        self, plan: Plan, app: App, cluster: Cluster, record: Record, reuse: Reuse, view: View, *, fresh: bool
    ) -> None:
        self.plan = plan
        self.app = app
        self.cluster = cluster
        self.record = record
        self.reuse = reuse
        self.view = view
        self.fresh = fresh
        self._running: dict[str, _Running] = {}
        self._passed: set[str] = set()
        self._ended: dict[str, Outcome] = {}
        self._asked_to_stop = ""
        self._ending = False
        self._events: queue.Queue[tuple[str, str | int]] = queue.Queue()

    def run(self) -> Outcome:
        """Run everything, then the stages that always run; the record is finished when this returns."""
        with self._noting_signals():
            stopped = None
            try:
                self._work([stage for stage in self.plan.stages if not stage.always])
            except Interrupted as error:
                stopped = error.outcome
            return self._end(stopped)

    @contextmanager
    def _noting_signals(self) -> Iterator[None]:
        """While it lasts, Ctrl-C and SIGTERM are noted: `_work` stops between two steps, never within one.

        Once the end has begun they change nothing, so that a second Ctrl-C loses neither record nor alert.
        """

        def note(number: int, _frame: FrameType | None) -> None:
            self._asked_to_stop = self._asked_to_stop or _WHY[signal.Signals(number)]

        before = {number: signal.signal(number, note) for number in _WHY}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, stopped: Outcome | None) -> Outcome:
        """Stop what still runs, say how it went, alert."""
        self._ending = True
        if stopped:
            self._stop_all(stopped)
        outcome = self._verdict(stopped)
        self.record.finish(outcome)
        self._work([stage for stage in self.plan.stages if stage.always])
        self.record.data["alerted"] = all(
            self._ended[stage.id].passed for stage in self.plan.stages if stage.always
        )
        self.record.finish(outcome)
        self.view.close()
        return outcome

    def _work(self, stages: list[Stage]) -> None:
        waiting = list(stages)
        while waiting or self._running:
            if self._asked_to_stop and not self._ending:
                raise Interrupted(self._asked_to_stop)
            for stage in [each for each in waiting if each.always or set(each.after) <= self._passed]:
                waiting.remove(stage)
                self._start(stage)
            if not self._running:
                if not any(set(each.after) <= self._passed for each in waiting):
                    self._leave_out(waiting)
                    return
                continue
            self._wait()

    def _start(self, stage: Stage) -> None:
        inputs = self.reuse.inputs(stage)
        if not self.fresh and (earlier := self.reuse.passed_before(stage)):
            self._reused(stage, earlier, inputs)
            return
        entry = self.record.begin(stage.id, stage.name, stage.environment)
        self.view.started(stage)
        process = Background(
            stage.command(self.app, self.cluster.name, self.reuse.config.file),
            env=self._environment(stage),
            cwd=self.reuse.config.root,
            log=self.record.log_of(stage.id),
            on_line=lambda line: self._events.put((stage.id, line)),
            on_end=lambda code: self._events.put((stage.id, code)),
        )
        until = time.monotonic() + stage.deadline
        self._running[stage.id] = _Running(stage, entry, inputs, process, until)

    def _environment(self, stage: Stage) -> Mapping[str, str]:
        return {
            **os.environ,
            RUN_FOLDER: str(self.record.folder),
            STAGE_FOLDER: str(self.record.folder_of(stage.id)),
            SOURCE: json.dumps(self.reuse.source._asdict()),
            "PYTHONUNBUFFERED": "1",
        }

    def _reused(self, stage: Stage, earlier: dict[str, Any], inputs: str) -> None:
        entry = self.record.begin(stage.id, stage.name, stage.environment)
        origin = earlier.get("reused") or earlier["run"]
        outcome = as_outcome(earlier)
        more = {"inputs": inputs, "state": earlier.get("state", ""), "reused": origin}
        self._finish(stage, entry, outcome, "", **more)

    def _wait(self) -> None:
        """Handle what happened, at most one beat long."""
        try:
            id, news = self._events.get(timeout=BEAT)
        except queue.Empty:
            self._look_at_deadlines()
            self.view.tick()
            return
        if id not in self._running:
            return
        if isinstance(news, str):
            self.view.line(self._running[id].stage, news)
            return
        run = self._running.pop(id)
        outcome = run.stopped or self._outcome_of(run.stage, news)
        log = self.record.log_of(id).read_text(encoding="utf-8", errors="replace")
        more = {"inputs": run.inputs}
        if outcome.passed and run.stage.environment:
            more["state"] = self.reuse.state(run.stage)
        self._finish(run.stage, run.entry, outcome, log, **more)

    def _finish(self, stage: Stage, entry: dict[str, Any], outcome: Outcome, log: str, **more: Any) -> None:
        self.record.end(entry, outcome, **more)
        self._ended[stage.id] = outcome
        if outcome.passed:
            self._passed.add(stage.id)
        self.view.ended(stage, entry, log)

    def _outcome_of(self, stage: Stage, code: int) -> Outcome:
        """What the stage said; when it could not say anything, what its exit code says."""
        said = read_json(self.record.folder_of(stage.id) / "outcome.json")
        if isinstance(said, dict) and said.get("exit_code") == code:
            return as_outcome(said)
        kind = Kind.of_exit_code(code)
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        log = self.record.log_of(stage.id).read_text(encoding="utf-8", errors="replace").splitlines()
        return Outcome(kind, f"{stage.id} {how}" if code else "", evidence=tuple(log[-8:] if code else ()))

    def _look_at_deadlines(self) -> None:
        for run in self._running.values():
            late = time.monotonic() - run.until
            if late < 0:
                continue
            if run.stopped is None:
                reason = f"{run.stage.id} was not done after {run.stage.deadline:g} s"
                run.stopped = Outcome(Kind.TIMED_OUT, reason, remedy="its log says what it was waiting for")
                run.process.signal(signal.SIGTERM)
            elif late > GRACE and not run.killed:
                run.killed = True
                run.process.signal(signal.SIGKILL)

    def _stop_all(self, why: Outcome) -> None:
        for run in self._running.values():
            run.stopped = why
            run.until = time.monotonic()
            run.process.signal(signal.SIGTERM)
        while self._running:
            self._wait()
        self._leave_out(
            [stage for stage in self.plan.stages if not stage.always and stage.id not in self._ended]
        )

    def _leave_out(self, stages: list[Stage]) -> None:
        """Note the stages that never began, and for which stage's sake."""
        decisive = [id for id, outcome in self._ended.items() if not outcome.passed]
        for stage in stages:
            moment = now()
            reason = f"{', '.join(decisive)} did not pass" if decisive else "the run was interrupted"
            self.record.stages.append(
                {
                    "id": stage.id,
                    "name": stage.name,
                    "environment": stage.environment,
                    **as_json(Outcome(reason=reason)),
                    "outcome": NOT_RUN,
                    "exit_code": None,
                    "started": moment,
                    "finished": moment,
                    "seconds": 0.0,
                    "log": None,
                }
            )
        self.record.save()

    def _verdict(self, stopped: Outcome | None) -> Outcome:
        found = worst(self._ended.values())
        if stopped:
            return Outcome(stopped.kind, stopped.reason)
        if found.passed:
            return Outcome(reason=self._success())
        first = next(id for id, outcome in self._ended.items() if outcome.kind is found.kind)
        said = self._ended[first]
        others = [id for id, outcome in self._ended.items() if not outcome.passed and id != first]
        also = f" (and {', '.join(others)} did not pass)" if others else ""
        return Outcome(
            found.kind, f"{first}: {said.reason}{also}", said.remedy, said.evidence, {"stage": first}
        )

    def _success(self) -> str:
        what = f"{self.app.title} {self.record.data['version']}"
        reached = [stage.environment for stage in self.plan.stages if stage.environment]
        return f"{what} is verified in {reached[-1]}" if reached else f"{what} passed every check"
