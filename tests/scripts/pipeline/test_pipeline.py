"""The engine with real processes: side by side, reuse, failure, deadline, interruption, kill -9."""

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

CANARY = "canary-4e1c-in-the-environment"

APPS = """
default_cluster = "none"
[clusters.none]
kubeconfig = "no-such-kubeconfig"
{environments}
[apps.toy]
title = "Toy"
path = "toy"
namespace = "toy-{{space}}"
service = "toy"
lint = [["sh", "lint.sh"]]
unit = [["sh", "unit.sh"]]
variables = ["SECRET_OF_THE_TEST"]
"""


class Toy:
    """A throw-away repository with one app whose stages are shell scripts."""

    def __init__(self, folder: Path, environments: str = "") -> None:
        self.root = folder
        (folder / "toy").mkdir(parents=True)
        (folder / "apps.toml").write_text(APPS.format(environments=environments))
        self.script("lint", "echo linted")
        self.script("unit", "echo tested")
        self.env = {
            **{
                name: value for name, value in os.environ.items() if name not in ("SLACK_WEBHOOK", "CIRCLECI")
            },
            "BRANCH": "main",
            "SECRET_OF_THE_TEST": CANARY,
        }

    def script(self, stage: str, code: str) -> None:
        (self.root / "toy" / f"{stage}.sh").write_text(code + "\n")

    def start(self, *flags: str) -> subprocess.Popen[str]:
        argv = [sys.executable, str(ROOT / "scripts/pipeline.py"), "--app", "toy"]
        argv += ["--config", str(self.root / "apps.toml"), *flags]
        return subprocess.Popen(
            argv, cwd=self.root, env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, *flags: str) -> tuple[int, str]:
        process = self.start(*flags)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def records(self) -> list[dict[str, Any]]:
        files = sorted((self.root / ".pipeline/runs").glob("*/run.json"))
        return [json.loads(file.read_text()) for file in files]

    def stages(self) -> dict[str, dict[str, Any]]:
        return {stage["id"]: stage for stage in self.records()[-1]["stages"]}

    def alerts(self) -> str:
        return "\n".join(path.read_text() for path in (self.root / ".pipeline/alerts").rglob("*.json"))


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    return Toy(tmp_path / "a folder")


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def test_a_run_that_passes_says_so_everywhere(toy: Toy) -> None:
    code, output = toy.run()
    assert code == 0, output
    assert "Toy: passed" in output
    (record,) = toy.records()
    assert (record["outcome"], record["exit_code"], record["branch"]) == ("passed", 0, "main")
    assert list(toy.stages()) == ["lint", "unit", "alert"]
    assert all(stage["outcome"] == "passed" for stage in record["stages"])
    assert "linted" in (toy.root / ".pipeline/latest/lint.log").read_text()
    assert record["alerted"] is True
    assert record["run"] in toy.alerts()


def test_independent_stages_run_side_by_side(toy: Toy) -> None:
    # each waits for a sign of the other: one after the other they would never end
    toy.script("lint", "touch ../lint; until [ -e ../unit ]; do sleep 0.05; done")
    toy.script("unit", "touch ../unit; until [ -e ../lint ]; do sleep 0.05; done")
    code, output = toy.run()
    assert code == 0, output


def test_a_second_run_reuses_what_passed_until_something_changes(toy: Toy) -> None:
    toy.run()
    first = toy.records()[-1]["run"]
    code, output = toy.run()
    assert code == 0
    assert toy.stages()["lint"]["reused"] == first
    assert f"reused from {first}" in output
    assert "reused" not in toy.stages()["alert"]
    toy.run()
    assert toy.stages()["lint"]["reused"] == first, (
        "the run that did the work is named, not the last to reuse it"
    )
    toy.script("unit", "echo changed")
    toy.run()
    assert "reused" not in toy.stages()["unit"]
    toy.run("--fresh")
    assert "reused" not in toy.stages()["lint"]


def test_a_failure_names_the_stage_the_cause_and_the_log_and_is_never_reused(toy: Toy) -> None:
    toy.script("lint", "echo the colour is wrong; exit 1")
    for _ in range(2):
        code, output = toy.run()
        assert code == 1
        assert "lint: " in output.splitlines()[-4] + output.splitlines()[-3]
        assert "the colour is wrong" in output
        assert ".pipeline/runs" in output.splitlines()[-1]
        assert output.splitlines()[-1].endswith("lint.log")
    record = toy.records()[-1]
    assert (record["outcome"], record["exit_code"]) == ("failed", 1)
    assert toy.stages()["unit"]["outcome"] == "passed", "what is independent of the failure is still finished"
    assert "lint" in toy.alerts()


def test_what_depends_on_a_failure_does_not_run(tmp_path: Path) -> None:
    toy = Toy(tmp_path / "toy", '[environments.test]\nspaces = ["test-dev"]')
    toy.script("lint", "exit 1")
    code, _ = toy.run()
    stages = toy.stages()
    assert code == 1
    assert stages["deploy-test"]["outcome"] == "not run"
    assert stages["deploy-test"]["reason"] == "lint did not pass"
    assert stages["alert"]["outcome"] == "passed"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_stops_its_children_records_it_and_alerts(
    toy: Toy, number: signal.Signals
) -> None:
    toy.script("unit", "echo $$ > ../pid; exec sleep 300")
    process = toy.start()
    until(lambda: (toy.root / "pid").exists() and (toy.root / "pid").read_text().strip())
    child = int((toy.root / "pid").read_text())
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    until(lambda: not Path(f"/proc/{child}").exists())
    (record,) = toy.records()
    assert (record["outcome"], record["exit_code"]) == ("interrupted", 130)
    assert toy.stages()["unit"]["outcome"] == "interrupted"
    assert "interrupted" in toy.alerts()


def test_after_kill_nine_the_record_is_true_and_the_next_run_closes_it(toy: Toy) -> None:
    toy.script("unit", "echo $$ > ../pid; exec sleep 300")
    process = toy.start()
    until(lambda: toy.records() and toy.stages().get("lint", {}).get("outcome") == "passed")
    until(lambda: (toy.root / "pid").exists() and (toy.root / "pid").read_text().strip())
    child = int((toy.root / "pid").read_text())
    process.kill()
    process.communicate()
    until(lambda: not Path(f"/proc/{child}").exists())  # a stage does not outlive its engine
    (record,) = toy.records()
    assert record["outcome"] == "running"
    assert toy.stages()["unit"]["outcome"] == "running"
    toy.script("unit", "echo tested")
    code, output = toy.run()
    assert code == 0
    killed = toy.records()[0]
    assert f"run {killed['run']} was killed" in output
    assert (killed["outcome"], killed["exit_code"], killed["alerted"]) == ("interrupted", 130, True)
    assert killed["run"] in toy.alerts()
    code, output = toy.run()
    assert "was killed" not in output


def test_a_stage_that_is_not_done_at_its_deadline_is_timed_out(toy: Toy) -> None:
    toy.script("unit", "exec sleep 300")
    driver = toy.root / "driver.py"
    driver.write_text(
        "import sys, dataclasses\n"
        f"sys.path.insert(0, {str(ROOT / 'scripts')!r})\n"
        "from toolkit.pipeline import plan\n"
        "whole = plan.for_run\n"
        "def short(*given):\n"
        "    made = whole(*given)\n"
        "    late = lambda s: dataclasses.replace(s, deadline=2) if s.id == 'unit' else s\n"
        "    made.stages = [late(stage) for stage in made.stages]\n"
        "    return made\n"
        "plan.for_run = short\n"
        "import pipeline\n"
        "from toolkit.settings import command\n"
        "sys.exit(command.main(pipeline.run, stage='pipeline', help='', app='one', "
        "arguments=pipeline.arguments, record=False))\n"
    )
    argv = [sys.executable, str(driver), "--app", "toy", "--config", str(toy.root / "apps.toml")]
    ran = subprocess.run(argv, env=toy.env, cwd=toy.root, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 4, ran.stdout + ran.stderr
    assert toy.stages()["unit"]["outcome"] == "timed out"
    assert toy.stages()["unit"]["reason"] == "unit was not done after 2 s"


def test_a_secret_in_the_environment_appears_nowhere(toy: Toy) -> None:
    toy.script("lint", "echo it is $SECRET_OF_THE_TEST; exit 1")
    _, output = toy.run()
    assert "it is ***" in output
    assert CANARY not in output
    for path in (toy.root / ".pipeline").rglob("*"):
        if path.is_file():
            assert CANARY not in path.read_text(errors="replace"), path


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--app", "tpy"], 2, ["APP=tpy", 'did you mean "toy"?', "apps: toy"]),
        (["--config", "nowhere.toml"], 2, ["nowhere.toml: no such file"]),
        (["--cluster", "moon"], 2, ["CLUSTER=moon", "clusters: none"]),
        (["--no-such-flag"], 2, ["unrecognized arguments"]),
    ],
)
def test_bad_input_is_misuse_and_starts_nothing(
    toy: Toy, flags: list[str], code: int, words: list[str]
) -> None:
    ended, output = toy.run(*flags)
    assert ended == code
    for word in words:
        assert word in output
    assert "Traceback" not in output
    assert not toy.records()


def test_an_app_without_a_folder_is_misuse(toy: Toy) -> None:
    for path in (toy.root / "toy").iterdir():
        path.unlink()
    (toy.root / "toy").rmdir()
    code, output = toy.run()
    assert code == 2
    assert "does not exist" in output
    assert not toy.records()
