"""What an alert tells and keeps to itself, and which run it is about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from toolkit.base.outcome import Kind, Outcome

from tests.scripts.alerting.webhook import (
    BROKEN,
    CANARY,
    FAILED,
    Webhook,
    alert,
    leave_run,
)


def test_secrets_appear_nowhere(root: Path, webhook: Webhook) -> None:
    said = Outcome(Kind.FAILED, f"GET https://x?token={CANARY}-token failed", f"ask with {CANARY}-token")
    leave_run(root, ("smoke", "test", said))
    webhook.answers = [(500, {}), (403, {})]
    token = f"{CANARY}-token"
    output = alert(root, "--app", "submitter", webhook=webhook.url, EKS_TOKEN_TEST_DEV=token)
    output += alert(root, "--app", "submitter", webhook=webhook.url, EKS_TOKEN_TEST_DEV=token)
    assert len(webhook.bodies) > 1
    told = output + json.dumps(webhook.bodies)
    told += "".join(path.read_text() for path in (root / ".pipeline/alerts").rglob("*.json"))
    assert CANARY not in told
    assert "token=***" in told


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--app", "submiter"], 'APP=submiter: there is no such app, did you mean "submitter"?'),
        (["--app", "submitter"], "submitter has no run yet"),
        (["--app", "submitter", "--run", "../../x"], "submitter has no run ../../x"),
    ],
)
def test_misuse(root: Path, flags: list[str], words: str) -> None:
    assert words in alert(root, *flags, code=2)


def test_an_older_run_by_its_id(root: Path, webhook: Webhook) -> None:
    old = leave_run(root, *BROKEN)
    leave_run(root, ("lint", None, Outcome()), ("unit", None, Outcome()))
    alert(root, "--app", "submitter", "--run", old, webhook=webhook.url)
    assert webhook.bodies[0]["blocks"][0]["text"]["text"] == "❌ submitter: smoke failed in test"


def test_as_a_stage_of_a_pipeline_it_passes_and_leaves_its_outcome(root: Path) -> None:
    run = leave_run(root, *BROKEN)
    folder = root / ".pipeline/runs" / run / "stages/alert"
    folder.mkdir(parents=True)
    alert(
        root,
        "--app",
        "submitter",
        webhook="http://127.0.0.1:1/",
        PIPELINE_STAGE_DIR=str(folder),
        PIPELINE_RUN_DIR=str(folder.parents[1]),
    )
    outcome = json.loads((folder / "outcome.json").read_text())
    assert outcome["outcome"] == "passed"
    assert list(outcome["details"]["undelivered"]) == [run]


def test_the_jobs_of_one_commit_are_told_as_one(root: Path, webhook: Webhook) -> None:
    for name in ("lint", "unit"):
        leave_run(root, (name, None, Outcome()))
    leave_run(root, ("deploy", "test", Outcome()))
    leave_run(root, ("smoke", "test", FAILED))
    alert(root, "--app", "submitter", webhook=webhook.url, PIPELINE_OUTCOME="failed")
    told = json.dumps(webhook.bodies[0])
    assert "smoke failed in test" in told
    assert "deployed, then smoke failed" in told
    assert "a CI job" not in told


@pytest.mark.parametrize(
    "stages", [[], [("lint", None, Outcome())]], ids=["none at all", "all that are there"]
)
def test_a_job_that_died_without_a_record_is_still_a_failure(
    root: Path, webhook: Webhook, stages: list[tuple[str, str | None, Outcome]]
) -> None:
    if stages:
        leave_run(root, *stages)
    alert(root, "--app", "submitter", webhook=webhook.url, PIPELINE_OUTCOME="failed")
    assert webhook.bodies[0]["blocks"][0]["text"]["text"] == "❌ submitter: a CI job failed"
