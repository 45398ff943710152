"""Runs the pipeline's own commands for a drill, and notes when they say what."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.base.outcome import Interrupted, TimedOut
from toolkit.base.processes import Background
from toolkit.ci.origin import Source
from toolkit.drills.cases import AFTER_STAGE
from toolkit.drills.grounds.ground import Ground
from toolkit.drills.workshop import APP, as_environment
from toolkit.pipeline import plan
from toolkit.runs.record import HOME, RUNNING, read_json
from toolkit.settings.request import SOURCE

TICK_SECONDS = 0.05
# What a person may have set for the pipeline of the day must not decide how a drill goes.
FOREIGN = (
    *("APPROVE", "BRANCH", "CLUSTER", "COMMIT", "DRILL_WEBHOOK", "FOR", "FORCE", "FRESH", "KUBECONFIG"),
    *("PATIENCE_SCALE", "PREFLIGHT", "RESTART", "SLACK_WEBHOOK", "TAKE_OVER", "TO"),
)


class Ended(NamedTuple):
    """A command that ended: its exit code, its output, and the record of its run ({} when it left none)."""

    code: int
    output: str
    record: dict[str, Any]
    folder: Path
    moments: Mapping[str, float]


class Programs:
    """The scripts of the pipeline on one working copy. `stop` ends what runs."""

    def __init__(self, folder: Path, ground: Ground, stop: threading.Event) -> None:
        self.folder, self.ground, self.stop = folder, ground, stop
        self._number = 0

    def run(
        self,
        script: str,
        *words: str,
        source: Source,
        preflight: bool,
        patience: float,
        tick: Callable[[Mapping[str, float]], None] = lambda _: None,
    ) -> Ended:
        """Run a script to its end; `tick` is called often with the moments seen so far (monotonic seconds).

        Moments: "verdict", and "stage:NAME" once that stage passed. Raises Interrupted, or TimedOut.
        """
        self._number += 1
        log = self.folder / HOME / f"{self._number:02}-{script}.log"
        before = set(_runs(self.folder))
        ended: list[int] = []
        done = threading.Event()

        def end(code: int) -> None:
            ended.append(code)
            done.set()

        process = Background(
            [*plan.script(script, APP, self.folder / "apps.toml"), *words],
            env=self._environment(source, preflight, patience),
            cwd=self.folder,
            log=log,
            on_line=lambda _: None,
            on_end=end,
        )
        news = _News(self.folder, before)
        until = time.monotonic() + self.ground.seconds
        try:
            while not done.wait(TICK_SECONDS):
                tick(news.look())
                if self.stop.is_set():
                    raise Interrupted("the drill was interrupted")
                if time.monotonic() > until:
                    raise TimedOut(
                        f"{script} of a drill was not done after {self.ground.seconds:.0f} s",
                        remedy=f"see {log}",
                    )
        finally:
            if not done.is_set():
                process.signal(signal.SIGTERM)
                if not done.wait(15):
                    process.signal(signal.SIGKILL)
        moments = news.look()
        run = news.run or self.folder
        record = read_json(run / "run.json")
        output = log.read_text(encoding="utf-8", errors="replace")
        return Ended(ended[0], output, record if isinstance(record, dict) else {}, run, moments)

    def _environment(self, source: Source, preflight: bool, patience: float) -> dict[str, str]:
        kept = {
            key: value
            for key, value in os.environ.items()
            if key not in FOREIGN and not key.startswith(("PIPELINE_", "SANDBOX_STATE"))
        }
        return {
            **kept,
            SOURCE: as_environment(source),
            **self.ground.environment(),
            "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
            "FRESH": "1",
            "PREFLIGHT": "1" if preflight else "0",
            "PATIENCE_SCALE": f"{patience:g}",
        }


class _News:
    """Reads a run's record and logs while they are written."""

    def __init__(self, folder: Path, before: set[Path]) -> None:
        self.folder, self.before = folder, before
        self.run: Path | None = None
        self.moments: dict[str, float] = {}
        self._read: tuple[int, int] = (0, 0)

    def look(self) -> dict[str, float]:
        """The moments so far."""
        if self.run is None:
            self.run = next((run for run in _runs(self.folder) if run not in self.before), None)
            if self.run is None:
                return self.moments
        now = time.monotonic()
        if "verdict" not in self.moments and _has_verdict(self.run):
            self.moments["verdict"] = now
        file = self.run / "run.json"
        try:
            status = file.stat()
        except OSError:
            return self.moments
        if (status.st_mtime_ns, status.st_ino) != self._read:
            self._read = (status.st_mtime_ns, status.st_ino)
            data = read_json(file)
            for stage in data.get("stages", ()) if isinstance(data, dict) else ():
                if stage["outcome"] == "passed":
                    self.moments.setdefault(f"{AFTER_STAGE}{stage['name']}", now)
                elif stage["outcome"] not in (RUNNING, "not run"):
                    self.moments.setdefault("verdict", now)
        return self.moments


def _has_verdict(run: Path) -> bool:
    """Whether a deploy stage has said that the rollout is not going to be: before evidence and rollback."""
    for log in run.glob("deploy-*.log"):
        text = log.read_text(encoding="utf-8", errors="replace")
        if any(f"] {word}: " in text for word in ("failed", "timed out")):
            return True
    return False


def _runs(folder: Path) -> list[Path]:
    try:
        return sorted((folder / HOME / "runs").iterdir(), reverse=True)
    except OSError:
        return []
