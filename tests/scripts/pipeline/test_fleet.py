"""Several apps through the pipeline at once, with real processes: places, failure, reuse, interruption."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT

TOP = """
default_cluster = "none"
[clusters.none]
kubeconfig = "no-such-kubeconfig"
"""
APP = """
[apps.{name}]
title = "{title}"
path = "{name}"
namespace = "toy-{{space}}"
service = "{name}"
lint = [["sh", "lint.sh"]]
unit = [["sh", "unit.sh"]]
{more}
"""


class Toys:
    """A throw-away repository of three apps whose stages are shell scripts; the last one needs the first."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        more = {"gamma": 'needs = ["alpha"]'}
        tables = [
            APP.format(name=name, title=name.title(), more=more.get(name, ""))
            for name in ("alpha", "beta", "gamma")
        ]
        later = '[apps.later]\npath = "later"\npending = "no code"\nnamespace = "n"\nservice = "s"\n'
        beside = '[apps.beside]\npath = "beside"\nsupport = true\nnamespace = "n"\nservice = "s"\n'
        folder.mkdir()
        (folder / "apps.toml").write_text("".join([TOP, *tables, later, beside]))
        for name in ("alpha", "beta", "gamma"):
            (folder / name).mkdir()
            self.script(name, "lint", "echo linted")
            self.script(name, "unit", "echo tested")
        ours = ("SLACK_WEBHOOK", "CIRCLECI", "JOBS")
        self.env = {
            **{name: value for name, value in os.environ.items() if name not in ours},
            "BRANCH": "main",
        }

    def script(self, app: str, stage: str, code: str) -> None:
        (self.root / app / f"{stage}.sh").write_text(code + "\n")

    def start(self, apps: str = "all", *flags: str) -> subprocess.Popen[str]:
        argv = [sys.executable, str(ROOT / "scripts/pipeline.py"), "--app", apps]
        argv += ["--config", str(self.root / "apps.toml"), *flags]
        return subprocess.Popen(
            argv, cwd=self.root, env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, apps: str = "all", *flags: str) -> tuple[int, str]:
        process = self.start(apps, *flags)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def records(self) -> dict[str, dict[str, Any]]:
        """The newest record of each app."""
        files = sorted((self.root / ".pipeline/runs").glob("*/run.json"))
        return {data["app"]: data for data in (json.loads(file.read_text()) for file in files)}

    def table(self, output: str) -> dict[str, list[str]]:
        """The summary's rows by app."""
        rows = output[output.rindex("app  ") :].splitlines()[1:-1]
        return {row.split()[0]: row.split() for row in rows}


@pytest.fixture
def toys(tmp_path: Path) -> Toys:
    return Toys(tmp_path / "a folder")


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def test_each_app_has_its_record_and_its_alert_and_there_is_one_table(toys: Toys) -> None:
    code, output = toys.run()
    assert code == 0, output
    records = toys.records()
    assert list(toys.table(output)) == ["alpha", "beta", "gamma"], "by priority"
    assert all(row[1] == "passed" for row in toys.table(output).values())
    alerts = "\n".join(path.read_text() for path in (toys.root / ".pipeline/alerts").rglob("*.json"))
    for name in ("alpha", "beta", "gamma"):
        assert (records[name]["outcome"], records[name]["alerted"]) == ("passed", True)
        assert records[name]["run"] in alerts
        assert f"{name} lint passed" in output
    assert "code is not here yet: later" in output
    assert "where another app needs them: beside" in output
    assert output.rstrip().endswith("3 of 3 apps passed")
    _, again = toys.run()
    assert all("2 of them reused" in " ".join(row) for row in toys.table(again).values()), again


def test_stages_of_different_apps_run_side_by_side_and_no_more_than_there_are_places(toys: Toys) -> None:
    # alpha and beta wait for a sign of each other: one after the other they would never end
    toys.script("alpha", "lint", "touch ../a; until [ -e ../b ]; do sleep 0.05; done")
    toys.script("beta", "lint", "touch ../b; until [ -e ../a ]; do sleep 0.05; done")
    code, output = toys.run("alpha,beta", "--jobs", "4")
    assert code == 0, output
    for name in ("alpha", "beta", "gamma"):
        for stage in ("lint", "unit"):
            toys.script(name, stage, "mkdir ../alone && sleep 0.1 && rmdir ../alone")
    code, output = toys.run("all", "--jobs", "1")
    assert code == 0, output


def test_one_that_fails_stops_no_other_and_the_worst_code_is_returned(toys: Toys) -> None:
    toys.script("alpha", "unit", "echo the sum is wrong; exit 1")
    code, output = toys.run()
    assert code == 1, output
    records = toys.records()
    assert {name: data["outcome"] for name, data in records.items()} == {
        "alpha": "failed",
        "beta": "passed",
        "gamma": "passed",
    }
    table = toys.table(output)
    assert table["alpha"][1] == "failed"
    assert "unit failed" in " ".join(table["alpha"])
    told = output[: output.rindex("app  ")]
    assert "Alpha: failed" in told and "the sum is wrong" in told and "unit.log" in told
    assert output.rstrip().endswith("2 of 3 apps passed")


def test_an_app_whose_folder_is_missing_is_named_and_the_others_go_on(toys: Toys) -> None:
    (toys.root / "beta").rename(toys.root / "elsewhere")
    code, output = toys.run()
    assert code == 2, output
    assert toys.table(output)["beta"][1] == "misused"
    assert toys.records()["gamma"]["outcome"] == "passed"


def test_nonsense_for_the_number_of_places_is_refused(toys: Toys) -> None:
    code, output = toys.run("all", "--jobs", "many")
    assert code == 2
    assert "JOBS=many" in output


def test_ctrl_c_ends_all_of_them_and_every_record_says_so(toys: Toys) -> None:
    for name in ("alpha", "beta", "gamma"):
        toys.script(name, "unit", f"echo $$ > ../{name}.pid; sleep 60")
    process = toys.start("all", "--jobs", "2")
    begun = lambda: [file.stem for file in toys.root.glob("*.pid") if file.read_text().strip()]  # noqa: E731
    until(lambda: "alpha" in begun() and len(begun()) == 2)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    for name, record in toys.records().items():
        assert (record["outcome"], record["exit_code"]) == ("interrupted", 130), name
        assert record["alerted"] is True
    for file in toys.root.glob("*.pid"):
        assert not Path(f"/proc/{file.read_text().strip()}").exists(), "a stage outlived its run"
    assert all(row[1] == "interrupted" for row in toys.table(output).values())


def test_runs_that_were_killed_together_are_closed_and_announced_by_the_next(toys: Toys) -> None:
    toys.script("alpha", "unit", "touch ../there; sleep 60")
    process = toys.start()
    until(lambda: (toys.root / "there").exists())
    process.kill()
    process.communicate()
    killed = {data["run"] for data in toys.records().values()}
    toys.script("alpha", "unit", "echo fine")
    code, output = toys.run()
    assert code == 0, output
    for run in killed:
        data = json.loads((toys.root / ".pipeline/runs" / run / "run.json").read_text())
        assert data["outcome"] in ("interrupted", "passed")
        assert data["alerted"] is True
