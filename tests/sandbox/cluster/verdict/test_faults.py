"""The API server is killed in the middle of real rollouts: the verdicts are right all the same."""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.local import TINY, Sandbox, eventually
from tests.sandbox.platform_double import Platform

STARTUP = "startupProbe: { httpGet: { path: /health, port: http }, periodSeconds: 1, failureThreshold: 90 }"
AWAY = 20.0


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox that this test may kill."""
    sandbox = Sandbox(tmp_path / "state")
    sandbox.run("up")
    yield sandbox
    sandbox.run("up")
    sandbox.run("down")


@pytest.fixture
def platform(own: Sandbox, tmp_path: Path) -> Platform:
    return Platform(tmp_path / "repository", own.state, f"f{uuid.uuid4().hex[:6]}", TINY)


def kill(sandbox: Sandbox) -> None:
    """kill -9 of API server, controllers and node at once; containers go on."""
    pid = int(sandbox.details["pid"])
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{pid}").exists() or "Z" in state(pid))


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def runs(sandbox: Sandbox, space: str, pods: int = 1) -> bool:
    """Whether the containers of so many pods of the space have been started."""
    found = sandbox.api("GET", f"/api/v1/namespaces/ns-{space}/pods")["items"]
    statuses = [each for pod in found for each in pod.get("status", {}).get("containerStatuses", [])]
    return sum("running" in each["state"] for each in statuses) >= pods


def test_the_api_is_away_for_20_seconds_and_each_verdict_is_right(platform: Platform, own: Sandbox) -> None:
    doomed = f'{{% if space == "{platform.two}" %}}'
    # One template for both spaces: in the second the app never listens, and ends after 6 s again and again.
    rows = "\n            ".join(
        [
            f'{doomed}- {{ name: EXIT_AFTER, value: "6" }}',
            '- { name: EXIT_CODE, value: "3" }{% endif %}',
            f'- {{ name: START_DELAY, value: "{{{{ 600 if space == "{platform.two}" else 6 }}}}" }}',
        ]
    )
    platform.manifest(more_env=rows, extra=STARTUP)
    deploying = platform.start("deploy", "--app", "tiny", "--env", "test")
    try:
        both = {platform.one, platform.two}
        eventually(lambda: {f"ns-{space}" for space in both} <= spaces(own), 60)
        eventually(lambda: all(runs(own, space) for space in both), 60)
        kill(own)
        threading.Event().wait(AWAY)  # the fault itself
        assert deploying.poll() is None, deploying.communicate()[0]
        own.run("up")
        output, _ = deploying.communicate(timeout=90)
    finally:
        deploying.kill()
        deploying.wait()
    assert deploying.returncode == 1, output
    assert f"why: {platform.two}: crash loop: Pod/" in output and "exit code 3" in output
    assert f"[{platform.one}] the cluster answers again" in output
    for space in (platform.one, platform.two):
        assert f"[{space}] cluster sandbox, space {space}: " in output and "; trying again" in output
    found = own.api(
        "GET", f"/apis/apps/v1/namespaces/ns-{platform.one}/deployments/fb-tiny-app-{platform.one}"
    )
    assert found["status"]["availableReplicas"] == 1
    details = platform.recorded()["stages"][0]["details"]
    assert details[platform.two]["cause"] == "crash loop"
    assert "cause" not in details[platform.one]


def spaces(sandbox: Sandbox) -> set[str]:
    return {each["metadata"]["name"] for each in sandbox.api("GET", "/api/v1/namespaces")["items"]}


def test_an_api_server_that_starts_anew_again_and_again(platform: Platform, own: Sandbox) -> None:
    platform.manifest(env={"START_DELAY": "8"}, extra=STARTUP, replicas=2)
    deploying = platform.start("deploy", "--app", "tiny", "--env", platform.one)
    started = time.monotonic()
    try:
        eventually(lambda: f"ns-{platform.one}" in spaces(own) and runs(own, platform.one, 2), 60)
        for _ in range(3):
            kill(own)
            own.run("up")
        output, _ = deploying.communicate(timeout=90)
    finally:
        deploying.kill()
        deploying.wait()
    assert deploying.returncode == 0, output
    assert "is rolled out" in output
    assert time.monotonic() - started < 90
