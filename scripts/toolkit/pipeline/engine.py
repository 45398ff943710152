"""Runs a plan: each stage a process, independent ones side by side, every one with a deadline.

Only this module's thread writes the record. Stages report through their exit code and an outcome.json.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from toolkit.base.outcome import INCONCLUSIVE, Interrupted, Kind, Outcome
from toolkit.base.processes import Background
from toolkit.base.signals import noted
from toolkit.pipeline import conclusion
from toolkit.pipeline.gate import OPEN, Gate
from toolkit.pipeline.plan import Plan, Stage
from toolkit.pipeline.reuse import Reuse
from toolkit.pipeline.views import View
from toolkit.runs import life, shape, undoing
from toolkit.runs.record import Record, as_json, as_outcome, now, read_json
from toolkit.settings.command import caught
from toolkit.settings.model import App, Cluster
from toolkit.settings.request import RUN_FOLDER, SOURCE, STAGE_FOLDER

NOT_RUN = "not run"
GRACE = 20.0  # seconds that a stage gets to release what it holds, between SIGTERM and SIGKILL
BEAT = 0.25  # seconds between looks at deadlines and redraws


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
    """One run of one plan. Several may run at once, each on a thread of its own, behind one gate."""

    def __init__(
        self,
        plan: Plan,
        app: App,
        cluster: Cluster,
        record: Record,
        reuse: Reuse,
        view: View,
        *,
        fresh: bool,
        gate: Gate = OPEN,
    ) -> None:
        self.plan = plan
        self.app = app
        self.cluster = cluster
        self.record = record
        self.reuse = reuse
        self.view = view
        self.fresh = fresh
        self.gate = gate
        self._running: dict[str, _Running] = {}
        self._passed: set[str] = set()
        self._ended: dict[str, Outcome] = {}
        self._asked_to_stop = ""
        self._ending = False
        self._events: queue.Queue[tuple[str, str | int]] = queue.Queue()

    def run(self) -> Outcome:
        """Run everything, undo what failed where the plan says so, then what always runs.

        The record is finished when this returns.
        """
        alone = threading.current_thread() is threading.main_thread()
        with noted(self.stop) if alone else nullcontext():
            stopped = None
            try:
                self._work([each for each in self.plan.stages if not each.always and not each.undoes])
                self._undo()
            except Interrupted as error:
                stopped = error.outcome
            except Exception as error:  # nothing may leave stages behind, nor end without a word
                stopped = caught(error, self.record.folder)
            return self._end(stopped)

    def stop(self, why: str) -> None:
        """End the run between two steps, never within one; from any thread, or a signal's handler.

        Once the end has begun this changes nothing, so that a second Ctrl-C loses neither record nor alert.
        """
        self._asked_to_stop = self._asked_to_stop or why

    def wake(self) -> None:
        """Look at once whether there is something to start; from any thread."""
        self._events.put(("", 0))

    def _end(self, stopped: Outcome | None) -> Outcome:
        """Stop what still runs, say how it went, alert."""
        self._ending = True
        self.record.forgiving = True  # on a full disk it ends as well as it can, without a record
        if stopped:
            self._stop_all(stopped._replace(kind=Kind.INTERRUPTED))
        what = f"{self.app.title} {self.record.data['version']}"
        outcome = conclusion.of_run(self.plan, self._ended, stopped, what)
        self.record.finish(outcome)
        always = [stage for stage in self.plan.stages if stage.always]
        try:
            self._work(always)
        except Exception as error:
            self._ended |= dict.fromkeys((stage.id for stage in always), caught(error, self.record.folder))
        self.record.data["alerted"] = all(self._ended[stage.id].passed for stage in always)
        self.record.finish(outcome)
        self.view.close()
        return outcome

    def _undo(self) -> None:
        """Run the stages that undo what failed; one that need not, although something failed, says why."""
        for stage in [each for each in self.plan.stages if each.undoes]:
            entries = [entry for entry in self.record.stages if entry["id"] in stage.undoes]
            decision = undoing.needed(entries)
            if decision.undo:
                self._work([stage], why=decision.why)
            elif decision.why:
                self._leave_out([stage], decision.why)

    def _work(self, stages: list[Stage], why: str = "") -> None:
        """Run stages as soon as those that they come after passed; why they run, if that deserves a word."""
        waiting = list(stages)
        while waiting or self._running:
            if self._asked_to_stop and not self._ending:
                raise Interrupted(self._asked_to_stop)
            held = False
            for stage in [each for each in waiting if each.always or set(each.after) <= self._passed]:
                if self.gate.ask(self.app.name, stage):
                    held = True
                    continue
                waiting.remove(stage)
                self._start(stage, why)
            if not self._running and not held:
                if not any(set(each.after) <= self._passed for each in waiting):
                    decisive = [id for id, outcome in self._ended.items() if not outcome.passed]
                    self._leave_out(waiting, f"{', '.join(decisive)} did not pass")
                    return
                continue
            self._wait()

    def _start(self, stage: Stage, why: str) -> None:
        inputs = self.reuse.inputs(stage)
        reusable = not self.fresh and not stage.undoes
        if reusable and (earlier := self.reuse.passed_before(stage)):
            self._reused(stage, earlier, inputs)
            return
        entry = self.record.begin(stage.id, stage.name, stage.environment)
        self.view.started(stage, why)
        process = Background(
            stage.command(self.app, self.cluster.name, self.reuse.config.file),
            env=self._environment(stage),
            cwd=self.reuse.config.root,
            log=self.record.log_of(stage.id),
            on_line=lambda line: self._events.put((stage.id, line)),
            on_end=lambda code: self._events.put((stage.id, code)),
        )
        entry["process"] = life.of(process.pid)
        until = time.monotonic() + stage.deadline
        self._running[stage.id] = _Running(stage, entry, inputs, process, until)
        self.record.save()

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
        if outcome.passed and run.stage.environment and not run.stage.undoes:
            more["state"] = self.reuse.state(run.stage)
        self._finish(run.stage, run.entry, outcome, log, **more)

    def _finish(self, stage: Stage, entry: dict[str, Any], outcome: Outcome, log: str, **more: Any) -> None:
        self._ended[stage.id] = outcome  # it counts, whether or not there is room to write it down
        self.record.end(entry, outcome, **more)
        if outcome.passed:
            self._passed.add(stage.id)
        self.gate.ended(self.app.name, stage)
        self.view.ended(stage, entry, log)

    def _outcome_of(self, stage: Stage, code: int) -> Outcome:
        """What the stage said; when it could not say anything, what its exit code says."""
        said = read_json(self.record.folder_of(stage.id) / "outcome.json")
        # Killed, or dead of an error of its own: it has found nothing against the version.
        unsaid = {INCONCLUSIVE: True} if code else {}
        if not shape.fault_of_outcome(said, tuple(Kind)) and said.get("exit_code") == code:
            return as_outcome(said)
        kind = Kind.of_exit_code(code)
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        log = self.record.log_of(stage.id).read_text(encoding="utf-8", errors="replace").splitlines()
        return Outcome(
            kind,
            f"{stage.id} {how}" if code else "",
            evidence=tuple(log[-8:] if code else ()),
            details=unsaid,
        )

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
        known = {entry["id"] for entry in self.record.stages}
        left = [each for each in self.plan.stages if not each.always and each.id not in known]
        # Where nothing was deployed there is nothing to undo: not worth an entry.
        begun = {id for stage in left for id in stage.undoes if id in self._ended}
        self._leave_out(
            [stage for stage in left if not stage.undoes or begun & set(stage.undoes)],
            "the run was interrupted",
        )

    def _leave_out(self, stages: list[Stage], reason: str) -> None:
        """Note the stages that never began, and why."""
        for stage in stages:
            moment = now()
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
