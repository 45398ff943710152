"""A server in Slack's place, and alerts that are sent to it by the real script."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from toolkit.alerting.outbox import Outbox
from toolkit.base.outcome import Kind, Outcome
from toolkit.ci import origin
from toolkit.runs.record import Record

from tests import ROOT
from tests.scripts.alerting.serving import Serving

CANARY = "canary-7f3a9b51c2"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Webhook(Serving):
    """A server in Slack's place. `answers` are given one after the other, 200 once they are used up: status
    and headers, among them "body"."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]] | str] = []
        self.bodies: list[dict[str, Any]] = []
        super().__init__()
        self.url = f"{self.address}/services/{CANARY}"

    def respond(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.bodies.append(json.loads(body))
        answer = self.answers.pop(0) if self.answers else (200, {})
        self.asked.release()
        if answer == "nothing":
            self.hang()
            return
        if answer == "trickle":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            while not self.release.wait(0.2):
                handler.wfile.write(b"x")
            return
        assert not isinstance(answer, str)
        headers = dict(answer[1])
        said = headers.pop("body", "ok" if answer[0] == 200 else "no")
        handler.send_response(answer[0])
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(said.encode())


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


def clean() -> dict[str, str]:
    """The environment without what would make a test's alerts somebody else's."""
    known = [each.known_by for each in origin.VENDORS]
    return {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and name not in known and not name.startswith("SLACK_")
    }


def start(root: Path, *flags: str, webhook: str = "", **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, ROOT / "scripts/alert.py", "--config", root / "apps.toml", *flags],
        env=clean() | {"SLACK_WEBHOOK": webhook} | env,
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
