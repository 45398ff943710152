"""Runs that were killed (-9): whoever looks next tells the truth, once; damaged records end no later run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests import ROOT
from tests.scripts.alerting.webhook import Webhook
from tests.scripts.pipeline.ending import alert, begun, gone, lints_by, lone, titles, told, waits
from tests.scripts.scripted import Scripted, until


def test_kill_nine_and_an_alert_that_ci_always_sends_tells_the_truth_once(
    run: Scripted, webhook: Webhook
) -> None:
    waits(run, "deploy-production")
    process = run.start()
    stage = begun(run, "deploy-production")
    process.kill()
    process.communicate()
    output = alert(run, "--app", "toy", webhook=webhook.url)
    assert "was killed in deploy-production: its record is closed as interrupted" in output
    assert gone(stage)
    assert titles(webhook) == ["✋ toy: deploy was interrupted in production"]
    assert "deploy-production was killed before it could end" in told(webhook)
    assert "not touched" not in told(webhook)
    assert "make status APP=toy ENV=production" in told(webhook)
    assert run.record()["outcome"] == "interrupted"
    assert "delivered already" in alert(run, "--app", "toy", webhook=webhook.url)
    run.stage("deploy-production", "true")
    run.env["SLACK_WEBHOOK"] = webhook.url
    code, said = run.run()
    assert code == 0 and "killed" not in said
    assert len(webhook.bodies) == 2, "that of the killed run was sent again"


def test_what_a_killed_engines_stage_could_still_say_is_believed(run: Scripted, webhook: Webhook) -> None:
    ends = '\'{"outcome": "passed", "exit_code": 0, "reason": "it is there"}\''
    run.stage(
        "deploy-production",
        f"trap '' TERM; touch began; until [ -e go ]; do sleep 0.05; done; printf %s {ends}"
        ' > "$PIPELINE_STAGE_DIR/outcome.json"',
    )
    process = run.start()
    until(lambda: (run.root / "began").exists() and "process" in run.stages()["deploy-production"])
    process.kill()
    process.communicate()
    (run.root / "go").touch()
    alert(run, "--app", "toy", webhook=webhook.url)
    assert run.stages()["deploy-production"]["outcome"] == "passed"
    assert run.record()["outcome"] == "interrupted"
    assert titles(webhook) == ["✋ toy: the run was interrupted"]
    assert "*production:* deployed" in told(webhook)


def test_kill_nine_during_the_alert_is_closed_by_the_next_look(run: Scripted, webhook: Webhook) -> None:
    webhook.answers = ["nothing"]
    run.env["SLACK_WEBHOOK"] = webhook.url
    process = run.start()
    assert webhook.asked.acquire(timeout=60)
    until(lambda: "process" in run.stages()["alert"])
    process.kill()
    process.communicate()
    assert run.stages()["alert"]["outcome"] == "running"
    webhook.bodies.clear()  # nothing was answered: Slack has none
    output = alert(run, webhook=webhook.url)
    assert "1 alert delivered" in output
    assert len(webhook.bodies) == 1 and titles(webhook)[0].startswith("✅ toy:")
    record = run.record()
    assert (record["outcome"], record["alerted"]) == ("passed", True)
    assert run.stages()["alert"]["outcome"] == "interrupted"
    assert "delivered" not in alert(run, webhook=webhook.url).replace("0 alerts delivered", "")


def test_a_run_that_still_goes_on_is_not_announced_by_somebody_else(run: Scripted, webhook: Webhook) -> None:
    waits(run, "deploy-production")
    process = run.start()
    begun(run, "deploy-production")
    try:
        assert "is still going on" in alert(run, "--app", "toy", webhook=webhook.url)
        assert webhook.bodies == []
        assert run.record()["outcome"] == "running"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.mark.parametrize("script", ["status", "rollback"])
def test_whoever_looks_first_closes_it(run: Scripted, script: str) -> None:
    waits(run, "deploy-production")
    process = run.start()
    begun(run, "deploy-production")
    process.kill()
    process.communicate()
    flags = ["--app", "toy", *(["--env", "production", "--failed"] if script == "rollback" else [])]
    argv = [
        sys.executable,
        str(ROOT / f"scripts/{script}.py"),
        "--config",
        str(run.root / "apps.toml"),
        *flags,
    ]
    ran = subprocess.run(
        argv, cwd=run.root, env=run.env, text=True, capture_output=True, timeout=60, check=False
    )
    assert "was killed in deploy-production" in ran.stdout, ran.stdout + ran.stderr
    records = sorted((run.root / ".pipeline/runs").glob("*/run.json"))
    assert json.loads(records[0].read_text())["outcome"] == "interrupted"


@pytest.mark.parametrize(
    "damage",
    [
        "[]", "5", "{}", '{"run": 5}', "{ half", "",
        '{"run": "RUN", "app": "toy", "outcome": "passed", "started": "2026-01-01T00:00:00Z", "stages": 5}',
        '{"run": "RUN", "app": "toy", "outcome": "running", "started": 7, "stages": []}',
        '{"run": "RUN", "app": "toy", "cluster": "none", "outcome": "passed", "alerted": true,'
        ' "started": "2026-01-01T00:00:00Z", "stages": [{"id": "lint", "name": "lint", "outcome": 5}]}',
    ],
)  # fmt: skip
def test_a_record_of_wrong_types_is_set_aside_named_and_ends_no_later_run(run: Scripted, damage: str) -> None:
    folder = run.root / ".pipeline/runs/20260101T000000000-toy-abcd"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(damage.replace("RUN", folder.name))
    code, output = run.run()
    assert code == 0, output
    assert f"{folder}/run.json is damaged (" in output and "set aside as run.json.damaged" in output
    assert (folder / "run.json.damaged").read_text() == damage.replace("RUN", folder.name)
    code, output = run.run()
    assert code == 0 and "damaged" not in output


def test_a_lone_stage_that_was_killed_is_told_by_the_alert_that_ci_sends(
    run: Scripted, webhook: Webhook
) -> None:
    lints_by(run, "echo $$ > began; exec sleep 300")
    process = subprocess.Popen(lone(run, "lint"), cwd=run.root, env=run.env, stdout=subprocess.DEVNULL)
    began = run.root / "toy" / "began"
    until(lambda: began.exists() and began.read_text().strip())
    process.kill()
    process.wait()
    os.kill(int(began.read_text()), signal.SIGKILL)
    assert "was killed in lint" in alert(run, "--app", "toy", webhook=webhook.url)
    assert titles(webhook) == ["✋ toy: lint was interrupted"]
    assert run.record()["outcome"] == "interrupted"
