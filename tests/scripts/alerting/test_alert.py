"""Alerts against a real HTTP server that is well, busy, ill, silent or gone: none is lost or doubled."""

from __future__ import annotations

import fcntl
import json
import signal
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from toolkit.alerting import slack
from toolkit.alerting.outbox import Outbox
from toolkit.base.outcome import Outcome

from tests.scripts.alerting.webhook import (
    BROKEN,
    CANARY,
    Webhook,
    alert,
    leave_run,
    start,
    until,
    waiting,
)


def test_an_alert_is_delivered_once(root: Path, webhook: Webhook) -> None:
    run = leave_run(root, *BROKEN)
    output = alert(root, "--app", "submitter", webhook=webhook.url)
    assert "❌ submitter: smoke failed in test" in output
    assert "1 alert delivered to #form-builder-deployments" in output
    [body] = webhook.bodies
    assert body["text"].startswith("❌ submitter: smoke failed in test — smoke test: POST /v2/submissions")
    assert "answered &lt;500&gt; &amp; no more" in json.dumps(body["blocks"])
    assert body["blocks"][0]["text"]["text"] == "❌ submitter: smoke failed in test"

    again = alert(root, "--app", "submitter", webhook=webhook.url)
    assert f"the alert of {run} was delivered already" in again
    assert len(webhook.bodies) == 1


def test_a_rate_limit_is_waited_for(root: Path, webhook: Webhook) -> None:
    leave_run(root, *BROKEN)
    webhook.answers = [(429, {"Retry-After": "1"})]
    started = time.monotonic()
    alert(root, "--app", "submitter", webhook=webhook.url)
    assert time.monotonic() - started >= 1
    assert len(webhook.bodies) == 2
    assert not waiting(root)


def test_a_rate_limit_of_an_hour_is_left_to_the_next_run(root: Path, webhook: Webhook) -> None:
    run = leave_run(root, *BROKEN)
    webhook.answers = [(429, {"Retry-After": "3600"})]
    output = alert(root, "--app", "submitter", webhook=webhook.url)
    assert "warning: 1 alert not delivered, kept for the next run: Slack answered 429" in output
    assert waiting(root) == [run]


def test_a_server_error_is_tried_again(root: Path, webhook: Webhook) -> None:
    leave_run(root, *BROKEN)
    webhook.answers = [(500, {}), (503, {})]
    alert(root, "--app", "submitter", webhook=webhook.url)
    assert len(webhook.bodies) == 3
    assert not waiting(root)


@pytest.mark.parametrize("answer", ["nothing", "trickle"])
def test_silence_is_not_waited_for_longer_than_allowed(root: Path, webhook: Webhook, answer: str) -> None:
    run = leave_run(root, *BROKEN)
    webhook.answers = [answer]
    started = time.monotonic()
    output = alert(root, "--app", "submitter", "--seconds", "3", webhook=webhook.url)
    assert time.monotonic() - started < 30, "half of the silence"
    assert "warning: 1 alert not delivered" in output
    assert waiting(root) == [run]


def test_without_a_connection_it_is_kept_and_sent_by_the_next_run(root: Path, webhook: Webhook) -> None:
    first = leave_run(root, *BROKEN)
    with socket.create_server(("127.0.0.1", 0)) as unused:
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    output = alert(root, "--app", "submitter", webhook=closed)
    assert "not reached: Connection refused" in output
    assert waiting(root) == [first]

    leave_run(root, ("lint", None, Outcome()))
    assert "2 alerts delivered" in alert(root, "--app", "submitter", webhook=webhook.url)
    titles = [body["blocks"][0]["text"]["text"] for body in webhook.bodies]
    assert titles == ["❌ submitter: smoke failed in test", "✅ submitter: lint passed"]


def test_without_a_webhook_it_is_printed_and_kept(root: Path, webhook: Webhook) -> None:
    run = leave_run(root, *BROKEN)
    output = alert(root, "--app", "submitter")
    assert "why          smoke test: POST /v2/submissions answered <500> & no more" in output
    assert "SLACK_WEBHOOK is not set: 1 alert kept until it is" in output
    assert waiting(root) == [run]
    assert "1 alert delivered" in alert(root, webhook=webhook.url)
    assert not waiting(root)


def test_killed_between_writing_and_sending(root: Path, webhook: Webhook) -> None:
    run = leave_run(root, *BROKEN)
    folder = root / ".pipeline/alerts"
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as lock:  # as if another process were sending: ours has to wait
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = start(root, "--app", "submitter", webhook=webhook.url)
        until(lambda: waiting(root) == [run], "the alert on disk")
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
    assert webhook.bodies == []
    assert "1 alert delivered" in alert(root, webhook=webhook.url)
    assert len(webhook.bodies) == 1


def test_killed_while_sending(root: Path, webhook: Webhook) -> None:
    run = leave_run(root, *BROKEN)
    webhook.answers = ["nothing"]
    process = start(root, "--app", "submitter", webhook=webhook.url)
    assert webhook.asked.acquire(timeout=20)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    assert waiting(root) == [run]
    alert(root, webhook=webhook.url)
    assert not waiting(root)


def test_two_processes_at_once_send_it_once(root: Path, webhook: Webhook) -> None:
    leave_run(root, *BROKEN)
    both = [start(root, "--app", "submitter", webhook=webhook.url) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert len(webhook.bodies) == 1
    assert not waiting(root)


def test_a_block_that_slack_dislikes_does_not_silence_the_alert(root: Path, webhook: Webhook) -> None:
    leave_run(root, *BROKEN)
    webhook.answers = [(400, {})]
    alert(root, "--app", "submitter", webhook=webhook.url)
    assert "blocks" not in webhook.bodies[1]
    assert "make rollback APP=submitter" in webhook.bodies[1]["text"]
    assert not waiting(root)


def test_a_late_alert_says_so(root: Path, webhook: Webhook) -> None:
    message = slack.message({"run": "r", "app": "submitter", "stages": []})
    Outbox(root / ".pipeline/alerts").put("r", message, datetime.now(UTC) - timedelta(hours=2))
    alert(root, webhook=webhook.url)
    assert "Delivered late: this is from " in json.dumps(webhook.bodies[0]["blocks"][-1])


def test_a_damaged_alert_does_not_hold_up_the_others(root: Path, webhook: Webhook) -> None:
    leave_run(root, *BROKEN)
    alert(root, "--app", "submitter")
    (root / ".pipeline/alerts/waiting/damaged.json").write_text("{")
    output = alert(root, webhook=webhook.url)
    assert "damaged.json cannot be read" in output
    assert "1 alert delivered" in output


def test_a_webhook_that_is_no_address(root: Path) -> None:
    leave_run(root, *BROKEN)
    output = alert(root, "--app", "submitter", webhook=f"xoxb-{CANARY}")
    assert "the webhook is no web address" in output
    assert CANARY not in output
