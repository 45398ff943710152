"""A sandbox of one's own, driven as a user would: commands, the API, and waits that watch."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT

Object = dict[str, Any]
TINY = Path(__file__).with_name("tiny")
BACKOFF_SCALE = "0.02"  # 10 s become 0.2 s
SECONDS = 60.0  # for what takes one: a machine that does four things at a time may take its time


class Refused(Exception):
    """An answer of the API that is not a success."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class Sandbox:
    """A sandbox on a state directory of its own."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.env = {**os.environ, "SANDBOX_STATE": str(state), "SANDBOX_BACKOFF_SCALE": BACKOFF_SCALE}

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`python -m sandbox words...`"""
        ran = subprocess.run(
            [sys.executable, "-m", "sandbox", *words], cwd=ROOT, env=self.env, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert not check or ran.returncode == 0, ran.stdout + ran.stderr
        return ran

    @property
    def details(self) -> Object:
        """daemon.json"""
        details: Object = json.loads((self.state / "daemon.json").read_text())
        return details

    def build(self, name: str, context: Path) -> str:
        """Build an image and return its reference by digest."""
        ran = self.run("build", "--name", name, "--context", str(context))
        return str(json.loads(ran.stdout.splitlines()[-1])["image"])

    def open(
        self, method: str, path: str, body: Object | None, kind: str, seconds: float
    ) -> http.client.HTTPResponse:
        data = None if body is None else json.dumps(body).encode()
        token = (self.state / "token").read_text()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        request = urllib.request.Request(self.details["plain"] + path, data, headers, method=method)
        try:
            answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=seconds)
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode()) from None
        return answer

    def api(
        self, method: str, path: str, body: Object | None = None, kind: str = "application/json"
    ) -> Object:
        """One request; raises Refused."""
        with self.open(method, path, body, kind, SECONDS) as answer:
            result: Object = json.load(answer)
            return result

    def text(self, path: str) -> str:
        """A GET whose answer is plain text (logs)."""
        with self.open("GET", path, None, "text/plain", SECONDS) as answer:
            return str(answer.read().decode())

    def wait(self, path: str, until: Callable[[Object], Any], seconds: float = SECONDS) -> Object:
        """The object at ``path`` as soon as ``until`` holds, by watching it; fails with its last state."""
        deadline = time.monotonic() + seconds
        obj = self.api("GET", path)
        while not until(obj):
            left = deadline - time.monotonic()
            assert left > 0, (
                f"still waiting after {seconds} s for {path}: {json.dumps(obj.get('status'), indent=1)}"
            )
            collection, _, name = path.rpartition("/")
            query = f"?watch=true&fieldSelector=metadata.name%3D{name}&timeoutSeconds={int(left) + 1}"
            query += f"&resourceVersion={obj['metadata']['resourceVersion']}"
            with self.open("GET", collection + query, None, "", left + 5) as stream:
                for line in stream:
                    event = json.loads(line)
                    if event["type"] == "DELETED":
                        raise AssertionError(
                            f"{path} was deleted: {json.dumps(event['object'].get('status'))}"
                        )
                    if event["type"] in ("ADDED", "MODIFIED"):
                        obj = event["object"]
                        if until(obj):
                            return obj
        return obj

    def wait_gone(self, path: str, seconds: float = SECONDS) -> None:
        """Until the object is not there any more, by watching it."""
        with pytest.raises((Refused, AssertionError)) as gone:
            self.wait(path, lambda _: False, seconds)
        assert "404" in str(gone.value) or "was deleted" in str(gone.value)


def eventually(
    check: Callable[[], Any], seconds: float = SECONDS, what: object = None, pause: float = 0.02
) -> Any:
    """The first true result of ``check``, called ``what`` when there is none; for what has no watch."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or check}"
        time.sleep(pause)
