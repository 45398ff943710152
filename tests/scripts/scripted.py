"""Pipelines whose stages are shell scripts: the real engine, real processes, and no cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests import ROOT

LIVE = [f"{name}-production" for name in ("deploy", "healthcheck", "smoke", "watch")]

APPS = """
default_cluster = "none"
[environments.production]
spaces = ["live-dev"]
soak = "1s"
rollback = "auto"
[clusters.none]
kubeconfig = "no-such-kubeconfig"
[apps.toy]
title = "Toy"
path = "toy"
namespace = "toy-{space}"
service = "toy"
lint = [["true"]]
[apps.toy.suites.smoke]
path = "smoke"
"""

# The plan is the real one; only what stages run is replaced, and the deadlines that are given as id=seconds.
DRIVER = """
import dataclasses, json, sys
from pathlib import Path
sys.path.insert(0, SCRIPTS)
from toolkit.pipeline import plan
from toolkit.settings import command
root = Path(ROOT)
if "commands" in sys.argv:
    from toolkit.settings.config import Config
    config = Config.load(root / "apps.toml")
    made = plan.for_run(config, config.app("toy"), "main")
    print(json.dumps({s.id: s.command(config.app("toy"), "none", config.file) for s in made.stages}))
    sys.exit()
deadlines = dict(each.split("=") for each in sys.argv[1:])
whole, real = plan.for_run, plan.Stage.command
def short(*given):
    made = whole(*given)
    limits = {s.id: float(deadlines.get(s.id, s.deadline)) for s in made.stages}
    made.stages = [dataclasses.replace(s, deadline=limits[s.id]) for s in made.stages]
    return made
def scripted(stage, *given):
    return real(stage, *given) if stage.always else ["sh", str(root / f"{stage.id}.sh")]
plan.for_run, plan.Stage.command = short, scripted
import pipeline
sys.exit(command.main(pipeline.run, stage="pipeline", help="", app="one", arguments=pipeline.arguments,
                      record=False, argv=["--app", "toy", "--config", str(root / "apps.toml")]))
"""


def outcome(kind: str, reason: str, *, remedy: str = "", details: Mapping[str, Any] | None = None) -> str:
    """The shell code of a stage that ends so."""
    codes = {"passed": 0, "failed": 1, "misused": 2, "refused": 3, "timed out": 4, "interrupted": 130}
    said = {
        "outcome": kind, "exit_code": codes[kind], "reason": reason, "remedy": remedy, "evidence": [],
        "details": dict(details or {}),
    }  # fmt: skip
    escaped = json.dumps(said).replace("\\", "\\\\").replace('"', '\\"')
    return f'printf %s "{escaped}" > "$PIPELINE_STAGE_DIR/outcome.json"; exit {codes[kind]}'


class Scripted:
    """A throw-away repository with one app, one environment, and a script per stage."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        (folder / "toy" / "smoke").mkdir(parents=True)
        (folder / "apps.toml").write_text(APPS)
        driver = f"SCRIPTS, ROOT = {str(ROOT / 'scripts')!r}, {str(folder)!r}\n{DRIVER}"
        (folder / "driver.py").write_text(driver)
        for id in ("lint", *LIVE):
            self.stage(id, "true")
        hidden = ("SLACK_WEBHOOK", "CIRCLECI")
        self.env = {name: value for name, value in os.environ.items() if name not in hidden}
        self.env["BRANCH"] = "main"

    def stage(self, id: str, code: str) -> None:
        """What a stage does, in shell; it runs in the repository's folder."""
        (self.root / f"{id}.sh").write_text(f"echo x >> {id}.times\n{code}\n")

    def times(self, id: str) -> int:
        """How often a stage was started."""
        file = self.root / f"{id}.times"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def start(self, *deadlines: str) -> subprocess.Popen[str]:
        """Start a pipeline; deadlines as id=seconds. The caller ends it."""
        argv = [sys.executable, str(self.root / "driver.py"), *deadlines]
        return subprocess.Popen(
            argv, cwd=self.root, env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, *deadlines: str) -> tuple[int, str]:
        """Run a pipeline to its end: exit code and everything that it printed."""
        process = self.start(*deadlines)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def commands(self) -> dict[str, list[str]]:
        """What the plan would start, by stage."""
        argv = [sys.executable, str(self.root / "driver.py"), "commands"]
        ran = subprocess.run(argv, cwd=self.root, env=self.env, capture_output=True, text=True, timeout=60)
        return dict(json.loads(ran.stdout))

    def record(self) -> dict[str, Any]:
        """The newest run.json."""
        return dict(json.loads(max((self.root / ".pipeline/runs").glob("*/run.json")).read_text()))

    def stages(self) -> dict[str, dict[str, Any]]:
        """Its stages by id, in the order in which they began."""
        return {stage["id"]: stage for stage in self.record()["stages"]}


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
