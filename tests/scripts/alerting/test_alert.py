"""Alerts against a real HTTP server that is well, busy, ill, silent or gone: none is lost or doubled."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from toolkit.alerting import slack
from toolkit.alerting.outbox import Outbox
from toolkit.base.outcome import Kind, Outcome
from toolkit.ci import origin
from toolkit.runs.record import Record

from tests import ROOT

CANARY = "canary-7f3a9b51c2"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Webhook:
    """A server in Slack's place. `answers` are given one after the other, 200 once they are used up."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]] | str] = []
        self.bodies: list[dict[str, Any]] = []
        self.asked = threading.Semaphore(0)
        self.release = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.bodies.append(body)
                answer = outer.answers.pop(0) if outer.answers else (200, {})
                outer.asked.release()
                if answer == "nothing":
                    outer.release.wait(60)
                    return
                if answer == "trickle":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
                    while not outer.release.wait(0.2):
                        self.wfile.write(b"x")
                    return
                assert not isinstance(answer, str)
                self.send_response(answer[0])
                for name, value in answer[1].items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"ok" if answer[0] == 200 else b"no")

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/{CANARY}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    server = Webhook()
    yield server
    server.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "a clone"
    folder.mkdir()
    shutil.copy(ROOT / "apps.toml", folder)
    return folder


def leave_run(root: Path, *stages: tuple[str, str | None, Outcome], app: str = "submitter") -> str:
    """A run's record, as the engine leaves it."""
    record = Record.start(
        root, app, commit=COMMIT, branch="main", version="1.4", author="Ada", url="https://ci.example/7"
    )
    for name, environment, outcome in stages:
        record.end(record.begin(name, name, environment), outcome)
    record.finish(stages[-1][2] if stages else Outcome())
    return str(record.data["run"])


FAILED = Outcome(Kind.FAILED, "POST /v2/submissions answered <500> & no more", "make rollback APP=submitter")
BROKEN = [("lint", None, Outcome()), ("deploy", "test", Outcome()), ("smoke", "test", FAILED)]


def start(root: Path, *flags: str, webhook: str = "", **env: str) -> subprocess.Popen[str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and name not in [each.known_by for each in origin.VENDORS]
    }
    return subprocess.Popen(
        [sys.executable, ROOT / "scripts/alert.py", "--config", root / "apps.toml", *flags],
        env=clean | {"SLACK_WEBHOOK": webhook} | env,
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def alert(root: Path, *flags: str, webhook: str = "", code: int = 0, **env: str) -> str:
    process = start(root, *flags, webhook=webhook, **env)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == code, output
    return output


def waiting(root: Path) -> list[str]:
    return Outbox(root / ".pipeline/alerts").waiting()


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


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
