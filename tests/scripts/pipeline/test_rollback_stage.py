"""The engine undoes a failed release: only then, after everything else, before the alert, and says both."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.scripts import make_double
from tests.scripts.scripted import LIVE, ROOT, Scripted, outcome, until

ROLLBACK = "rollback-production"
BACK = {
    "to": "1a2b3c4",
    "from": "9f8e7d6",
    "outcome": "passed",
    "reason": "1a2b3c4 is back",
    "verified": True,
}
WORKED = outcome("passed", "live-dev: rolled back", details={"live-dev": {"rollback": BACK}})


@pytest.fixture
def run(tmp_path: Path) -> Scripted:
    made = Scripted(tmp_path / "a folder")
    made.stage(ROLLBACK, WORKED)
    return made


def test_a_release_that_passes_leaves_no_trace_of_it(run: Scripted) -> None:
    code, output = run.run()
    assert code == 0, output
    assert list(run.stages()) == ["lint", *LIVE, "alert"]
    assert "rollback" not in output


@pytest.mark.parametrize("failing", LIVE)
@pytest.mark.parametrize(("code", "kind"), [(1, "failed"), (4, "timed out")])
def test_each_of_its_stages_starts_it_and_it_runs_before_the_alert(
    run: Scripted, failing: str, code: int, kind: str
) -> None:
    run.stage(failing, f"echo it is broken; exit {code}")
    ended, output = run.run()
    assert ended == code, output
    stages = run.stages()
    left = LIVE[LIVE.index(failing) + 1 :]
    assert [id for id in stages if stages[id]["outcome"] == "not run"] == left
    assert list(stages)[-2:] == [ROLLBACK, "alert"]
    assert stages[ROLLBACK]["outcome"] == "passed"
    assert stages[ROLLBACK]["environment"] == "production"
    assert f"… {ROLLBACK}: back to the last verified release, because {failing} {kind}" in output
    record = run.record()
    assert (record["outcome"], record["exit_code"]) == (kind, code)
    assert record["reason"].startswith(f"{failing}: ")
    assert record["reason"].endswith("; rolled back to 1a2b3c4 (verified)")


@pytest.mark.parametrize(("code", "kind"), [(2, "misused"), (3, "refused"), (130, "interrupted")])
def test_what_changed_nothing_or_was_a_persons_will_is_not_undone(
    run: Scripted, code: int, kind: str
) -> None:
    run.stage("deploy-production", f"exit {code}")
    run.run()
    assert run.stages()["deploy-production"]["outcome"] == kind
    assert ROLLBACK not in run.stages()


def test_a_failure_before_production_undoes_nothing(run: Scripted) -> None:
    run.stage("lint", "exit 1")
    run.run()
    assert run.stages()["deploy-production"]["outcome"] == "not run"
    assert ROLLBACK not in run.stages()


@pytest.mark.parametrize("death", ["kill -9 $$", "exit 77"])
def test_a_deploy_stage_that_died_without_a_word_is_undone(run: Scripted, death: str) -> None:
    run.stage("deploy-production", death)
    assert run.run()[0] == 1
    assert run.stages()[ROLLBACK]["outcome"] == "passed"


def test_a_deploy_stage_that_was_killed_at_its_deadline_is_undone(run: Scripted) -> None:
    settled = outcome("interrupted", "stopped", details={"settled": True})
    run.stage("deploy-production", f"trap '{settled}' TERM; sleep 300 & wait")
    code, output = run.run("deploy-production=1")
    assert code == 4, output
    assert run.stages()["deploy-production"]["outcome"] == "timed out"
    assert run.stages()[ROLLBACK]["outcome"] == "passed"
    assert run.record()["reason"] == (
        "deploy-production: deploy-production was not done after 1 s; rolled back to 1a2b3c4 (verified)"
    )


def test_what_the_deploy_stage_settled_itself_is_said_and_not_done_twice(run: Scripted) -> None:
    said = "live-dev: out of memory: container api; rolled back to 1a2b3c4 (verified)"
    details = {"settled": True, "live-dev": {"cause": "out of memory", "rollback": BACK}}
    run.stage("deploy-production", outcome("failed", said, details=details))
    code, output = run.run()
    assert code == 1
    entry = run.stages()[ROLLBACK]
    assert (entry["outcome"], entry["reason"]) == ("not run", "deploy-production has settled it itself")
    assert run.record()["reason"] == f"deploy-production: {said}"
    assert "❌ toy: deploy failed in production, rolled back to 1a2b3c4" in output
    assert "production   serves 1a2b3c4 again (rolled back, verified)" in output


@pytest.mark.parametrize(
    ("ending", "alarm", "remedy"),
    [
        (
            outcome(
                "failed",
                "live-dev: no verified release",
                remedy="deploy a corrected version",
                details={
                    "live-dev": {"rollback": {"to": None, "outcome": "failed", "reason": "there is none"}}
                },
            ),
            "NOT ROLLED BACK: there is none",
            "deploy a corrected version",
        ),
        (
            outcome(
                "failed",
                "live-dev: 1a2b3c4 is back, but ill",
                details={"live-dev": {"rollback": {**BACK, "outcome": "failed", "reason": "it is ill"}}},
            ),
            "ROLLBACK FAILED: it is ill",
            "",
        ),
        (outcome("refused", "somebody else deploys"), "ROLLBACK FAILED: somebody else deploys", ""),
        ("kill -9 $$", "ROLLBACK FAILED: rollback-production was killed by signal 9", ""),
    ],
    ids=["none to go back to", "failed", "refused", "killed"],
)
def test_where_going_back_did_not_work_that_is_read_first(
    run: Scripted, ending: str, alarm: str, remedy: str
) -> None:
    run.stage("smoke-production", outcome("failed", "no answer", remedy="mend it"))
    run.stage(ROLLBACK, ending)
    code, output = run.run()
    assert code == 1, output
    record = run.record()
    assert record["reason"] == f"production: {alarm}: look now; smoke-production: no answer"
    assert record["remedy"].splitlines() == [*filter(None, [remedy, "mend it"])]
    assert output.splitlines()[-1].endswith(f"{ROLLBACK}.log"), "the log to read is the rollback's"
    words = alarm.partition(":")[0]
    assert f"❌ toy: smoke failed in production, {words}: look now" in output


def test_a_rollback_is_never_reused(run: Scripted) -> None:
    run.stage("smoke-production", "exit 1")
    for _ in range(2):
        run.run()
        assert "reused" not in run.stages()[ROLLBACK]
    assert run.times(ROLLBACK) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_starts_no_rollback_and_says_how_to(run: Scripted, number: signal.Signals) -> None:
    run.stage("watch-production", "touch begun; exec sleep 300")
    process = run.start()
    until(lambda: (run.root / "begun").exists())
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    stages = run.stages()
    assert stages["watch-production"]["outcome"] == "interrupted"
    assert (stages[ROLLBACK]["outcome"], stages[ROLLBACK]["reason"]) == ("not run", "the run was interrupted")
    assert run.times(ROLLBACK) == 0
    assert "make rollback APP=toy ENV=production goes back" in run.record()["remedy"]


def test_interrupted_before_production_there_is_nothing_to_say(run: Scripted) -> None:
    run.stage("lint", "touch begun; exec sleep 300")
    process = run.start()
    until(lambda: (run.root / "begun").exists())
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert ROLLBACK not in run.stages()
    assert run.record()["remedy"] == ""


def test_an_interrupted_rollback_is_told_and_nothing_is_told_twice(run: Scripted) -> None:
    run.stage("smoke-production", "exit 1")
    run.stage(ROLLBACK, "touch begun; exec sleep 300")
    process = run.start()
    until(lambda: (run.root / "begun").exists())
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    ids = [stage["id"] for stage in run.record()["stages"]]
    assert len(ids) == len(set(ids))
    assert run.stages()[ROLLBACK]["outcome"] == "interrupted"
    assert "make rollback APP=toy ENV=production goes back" in output


def test_it_is_asked_for_with_the_command_that_a_person_would_type(run: Scripted) -> None:
    command: list[str] = run.commands()[ROLLBACK]
    assert [Path(command[1]).name, *command[2:4]] == ["rollback.py", "--app", "toy"]
    assert command[-5:] == ["--env", "production", "--failed", "--cluster", "none"]


def test_the_make_target_is_that_command(tmp_path: Path) -> None:
    folder = make_double.clone(tmp_path / "clone")
    done = make_double.make(folder, "rollback", "APP=submitter", "ENV=production", "FAILED=1")
    assert done.returncode == 0, done.stderr
    called = [row for row in make_double.recorded(folder) if row[0] == "argv"]
    assert called == [
        ["argv", "scripts/rollback.py", "--app=submitter", "--env=production", "--failed"],
    ]


def test_the_plan_shows_on_what_condition_it_runs(run: Scripted) -> None:
    argv = [sys.executable, str(ROOT / "scripts/plan.py"), "--app", "toy", "--branch", "main"]
    argv += ["--config", str(run.root / "apps.toml")]
    said = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout
    [line] = [line for line in said.splitlines() if ROLLBACK in line]
    assert line.endswith(
        "back to the last verified release  only if deploy, healthcheck, smoke or watch fails"
    )
    told = subprocess.run([*argv, "--json"], capture_output=True, text=True, timeout=60, check=True).stdout
    [stage] = [stage for stage in json.loads(told)["stages"] if stage["id"] == ROLLBACK]
    assert stage["undoes"] == LIVE
    assert stage["target"] == "make rollback APP=toy ENV=production FAILED=1"


def test_the_outcome_of_the_run_is_in_the_alert(run: Scripted) -> None:
    run.stage("smoke-production", outcome("failed", "no answer"))
    run.run()
    [alert] = (run.root / ".pipeline/alerts").rglob("*.json")
    told: dict[str, Any] = json.loads(alert.read_text())
    assert "smoke failed in production, rolled back to 1a2b3c4" in json.dumps(told)
