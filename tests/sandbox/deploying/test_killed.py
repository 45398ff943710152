"""Deployments that are killed (-9): the next run goes on from there, and the last good version serves."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.sandbox.local import Refused, Sandbox, eventually
from tests.sandbox.platform_double import Ended, Platform, commit

STARTUP = "startupProbe: { httpGet: { path: /health, port: http }, periodSeconds: 1, failureThreshold: 90 }"
# Stay until every proxy has heard that this pod is leaving: no request of a user is lost.
GRACE = 'lifecycle: { preStop: { exec: { command: [sleep, "1"] } } }'


@pytest.fixture
def platform(platform: Platform) -> Platform:
    """Its production (space three) goes back by itself."""
    platform.configure(rollback="auto")
    return platform


def deploy(platform: Platform, digit: str, **env: str) -> Ended:
    return platform.run(
        "deploy", "--app", "tiny", "--env", platform.three, seconds=90, **commit(digit), **env
    )


def verified(platform: Platform, digit: str) -> None:
    """A release that is deployed and has passed its checks."""
    platform.manifest(env={"VERSION": "good"}, extra=GRACE, replicas=2)
    for stage in ("deploy", "healthcheck", "watch"):
        ended = platform.run(stage, "--app", "tiny", "--env", platform.three, seconds=90, **commit(digit))
        assert ended.code == 0, ended.output


def rows(sandbox: Sandbox, space: str) -> list[tuple[str, str]]:
    """The releases on record, newest first: the version's first digit and its state."""
    kept = sandbox.api("GET", f"/api/v1/namespaces/ns-{space}/configmaps/fb-tiny-release")
    return [(each["version"][0], each["state"]) for each in json.loads(kept["data"]["releases.json"])]


def live(sandbox: Sandbox, space: str) -> dict[str, Any]:
    return sandbox.api("GET", f"/apis/apps/v1/namespaces/ns-{space}/deployments/fb-tiny-app-{space}")


class Asking:
    """What answered while somebody kept asking the app through its Service."""

    def __init__(self) -> None:
        self.versions: set[str] = set()
        self.failures: list[str] = []
        self.count = 0


@contextmanager
def asked(sandbox: Sandbox, space: str) -> Iterator[Asking]:
    """Ask the app for its version all the time, as a user would."""
    seen, stop = Asking(), threading.Event()
    path = f"/api/v1/namespaces/ns-{space}/services/fb-tiny-{space}:80/proxy/"

    def ask() -> None:
        while not stop.wait(0.1):
            try:
                seen.versions.add(str(sandbox.api("GET", path)["version"]))
            except (Refused, OSError) as error:
                seen.failures.append(str(error))
            seen.count += 1

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join(30)


def kill(deploying: subprocess.Popen[str]) -> str:
    """kill -9; what it had said."""
    deploying.kill()
    return deploying.communicate(timeout=30)[0]


def start(platform: Platform, digit: str, **env: str) -> subprocess.Popen[str]:
    return platform.start("deploy", "--app", "tiny", "--env", platform.three, **commit(digit), **env)


def test_killed_while_it_waited_the_next_run_takes_over_and_finishes(
    platform: Platform, sandbox: Sandbox
) -> None:
    space = platform.three
    verified(platform, "a")
    platform.manifest(env={"VERSION": "slow", "START_DELAY": "600"}, extra=STARTUP, replicas=2)
    with asked(sandbox, space) as seen:
        first = start(platform, "b")
        try:
            eventually(lambda: rows(sandbox, space)[0] == ("b", "deploying"), 60)
            eventually(lambda: live(sandbox, space)["status"].get("updatedReplicas"), 60)
        finally:
            kill(first)
        platform.manifest(env={"VERSION": "better"}, extra=GRACE, replicas=2)
        again = deploy(platform, "c")
    assert again.code == 0, again.output
    assert "taking over the lock of Ada" in again.output
    assert "the deployment of bbbbbbbbbbbb by Ada" in again.output
    assert "was cut short: going on from what is there" in again.output
    assert rows(sandbox, space)[:3] == [("c", "deployed"), ("b", "cut short"), ("a", "deployed")]
    assert seen.versions == {"good", "better"} and seen.failures == [] and seen.count > 10


def test_killed_while_it_applied_the_next_run_finishes_what_it_began(
    platform: Platform, sandbox: Sandbox
) -> None:
    """The first object that it applies is enough: it is killed the moment that one shows."""
    space = platform.three
    verified(platform, "a")
    folder = platform.folder / "tiny" / "deploy"
    for number in range(30):
        named = f"metadata: {{ name: part-{number:02} }}\ndata: {{ n: '{number}' }}\n"
        (folder / f"{number:02}.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\n{named}")
    platform.manifest(env={"VERSION": "better"}, extra=GRACE, replicas=2)
    with asked(sandbox, space) as seen:
        first = start(platform, "b")
        try:
            eventually(lambda: parts(sandbox, space), 60)
        finally:
            kill(first)
        again = deploy(platform, "b")
    assert again.code == 0, again.output
    assert len(parts(sandbox, space)) == 30
    assert rows(sandbox, space)[0] == ("b", "deployed")
    assert seen.versions == {"good", "better"} and seen.failures == []


def parts(sandbox: Sandbox, space: str) -> list[str]:
    found = sandbox.api("GET", f"/api/v1/namespaces/ns-{space}/configmaps")["items"]
    return [each["metadata"]["name"] for each in found if each["metadata"]["name"].startswith("part-")]


def test_killed_while_it_went_back_the_next_run_ends_on_the_good_version(
    platform: Platform, sandbox: Sandbox
) -> None:
    space = platform.three
    verified(platform, "a")
    platform.manifest(env={"VERSION": "bad", "EXIT_CODE": "3"}, replicas=2)
    with asked(sandbox, space) as seen:
        first = start(platform, "b", PREFLIGHT="0")
        try:
            # On its way back: the failed release is on record as failed, the good one as being deployed.
            eventually(lambda: rows(sandbox, space)[:2] == [("a", "deploying"), ("b", "failed")], 60)
        finally:
            kill(first)
        undone = platform.run(
            "rollback", "--app", "tiny", "--env", space, "--failed", seconds=90, **commit("b")
        )
        assert undone.code == 0, undone.output
        assert "finishing the rollback to aaaaaaaaaaaa" in undone.output
    assert rows(sandbox, space)[0] == ("a", "deployed")
    assert live(sandbox, space)["status"]["availableReplicas"] == 2
    assert seen.versions == {"good"} and seen.failures == []
    held = deploy(platform, "b")
    assert held.code == 3, held.output
    assert "bbbbbbbbbbbb was rolled back and is held" in held.last
