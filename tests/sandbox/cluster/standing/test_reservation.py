"""A space is reserved for one run from its deployment to its last check; others wait, or are refused."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from toolkit.cluster.release import lock

from tests.sandbox.cluster.standing.jobs import job, source
from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.platform_double import Ended, Platform
from tests.sandbox.watch import watched

HERE = ("--app", "tiny", "--env")


@pytest.fixture
def platform(platform: Platform) -> Platform:
    """Its test environment needs a healthcheck and a watch."""
    watched.soak(platform, "1s")
    return platform


def ci(digit: str, run: str, branch: str = "main") -> dict[str, str]:
    """A CI job of a commit, in one run of the CI system."""
    return job(digit) | {"GITHUB_RUN_ID": run, "PIPELINE_SOURCE": source(digit, branch=branch)}


def deploy(platform: Platform, env: dict[str, str], *words: str) -> Ended:
    return platform.run("deploy", *HERE, platform.one, *words, **env)


def lease(sandbox: Sandbox, platform: Platform) -> dict[str, Any]:
    path = f"/apis/coordination.k8s.io/v1/namespaces/ns-{platform.one}/leases"
    found = {each["metadata"]["name"]: each for each in sandbox.api("GET", path)["items"]}
    return dict(found.get("fb-tiny-reserved", {}))


def status(platform: Platform) -> dict[str, Any]:
    return platform.status(*HERE, platform.one)[0]


def check(platform: Platform, script: str, env: dict[str, str]) -> None:
    ended = platform.run(script, *HERE, platform.one, **env)
    assert ended.code == 0, ended.output


@contextlib.contextmanager
def waiting(platform: Platform, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = platform.start("deploy", *HERE, platform.one, **env)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=60)


def test_it_is_handed_from_job_to_job_and_given_up_by_the_last_check(
    platform: Platform, sandbox: Sandbox
) -> None:
    first = ci("a", "1")
    assert deploy(platform, first).code == 0
    other = deploy(platform, ci("b", "2"), "--turn-wait", "0")
    assert other.code == 3, other.output
    assert "is reserved for Ada (main) in run GitHub Actions 1: place 1 in the queue" in other.last
    assert "reserved for Ada (main) in run GitHub Actions 1 for" in status(platform)["reserved"]
    person = {"PIPELINE_SOURCE": source("c", "git")}
    assert deploy(platform, person, "--turn-wait", "0").code == 3
    check(platform, "healthcheck", first)
    assert deploy(platform, ci("b", "2"), "--turn-wait", "0").code == 3
    check(platform, "watch", first)
    assert status(platform)["verified"] and not lease(sandbox, platform)
    assert deploy(platform, person, "--turn-wait", "0").code == 0
    assert not lease(sandbox, platform), "a person's deployment reserves nothing for later"


def test_who_waits_sees_the_place_in_the_queue_and_comes_in_that_order(
    platform: Platform, sandbox: Sandbox
) -> None:
    assert deploy(platform, ci("a", "1")).code == 0
    with waiting(platform, ci("b", "2", "feature")) as second:
        eventually(lambda: "GitHub Actions 2" in json.dumps(lease(sandbox, platform)))
        with waiting(platform, ci("c", "3")) as third:
            eventually(lambda: "GitHub Actions 3" in json.dumps(lease(sandbox, platform)))
            assert "waiting: Ada (feature), Ada (main)" in status(platform)["reserved"]
            for script in ("healthcheck", "watch"):
                check(platform, script, ci("a", "1"))
            output, _ = second.communicate(timeout=90)
            assert second.returncode == 0, output
            assert "waiting for Ada (main) in run GitHub Actions 1, for whom it is reserved" in output
            assert "; place 1 in the queue" in output
            assert status(platform)["version"] == "b" * 12
            for script in ("healthcheck", "watch"):
                check(platform, script, ci("b", "2"))
            output, _ = third.communicate(timeout=90)
            assert third.returncode == 0, output
            assert "; place 2 in the queue after Ada (feature)" in output
    assert status(platform)["version"] == "c" * 12


def test_who_waits_no_more_leaves_the_queue(platform: Platform, sandbox: Sandbox) -> None:
    assert deploy(platform, ci("a", "1")).code == 0
    with waiting(platform, ci("b", "2")) as second:
        eventually(lambda: "GitHub Actions 2" in json.dumps(lease(sandbox, platform)))
        second.terminate()
        second.communicate(timeout=60)
        assert second.returncode == 130
    assert "GitHub Actions 2" not in json.dumps(lease(sandbox, platform))


def test_a_rollback_asks_nobody_and_the_run_of_what_it_undid_is_over(
    platform: Platform, sandbox: Sandbox
) -> None:
    for digit, run in (("a", "1"), ("b", "2")):
        assert deploy(platform, ci(digit, run)).code == 0
        if digit == "a":
            for script in ("healthcheck", "watch"):
                check(platform, script, ci("a", "1"))
            platform.manifest(env={"VERSION": "b"})
    assert status(platform)["reserved"]
    ended = platform.run("rollback", *HERE, platform.one, PIPELINE_SOURCE=source("c", "git"))
    assert ended.code == 0, ended.output
    assert status(platform)["version"] == "a" * 12
    assert "GitHub Actions 2" in status(platform)["reserved"]
    assert platform.run("healthcheck", *HERE, platform.one, **ci("b", "2")).code == 3
    assert not lease(sandbox, platform)


def test_a_check_that_fails_gives_it_up_where_nothing_follows(platform: Platform, sandbox: Sandbox) -> None:
    assert deploy(platform, ci("a", "1")).code == 0
    watched.restart(sandbox, watched.pods(sandbox, platform.one)[0])
    ended = platform.run("healthcheck", *HERE, platform.one, **ci("a", "1"))
    assert ended.code == 1, ended.output
    assert not lease(sandbox, platform)


def test_a_deployment_that_fails_gives_it_up(platform: Platform, sandbox: Sandbox) -> None:
    platform.manifest(env={"EXIT_CODE": "1"})
    assert deploy(platform, ci("a", "1")).code == 1
    assert not lease(sandbox, platform)


def test_a_reservation_of_a_dead_process_or_one_that_nobody_renews_holds_up_nobody(
    platform: Platform, sandbox: Sandbox
) -> None:
    assert deploy(platform, ci("a", "1")).code == 0
    path = f"/apis/coordination.k8s.io/v1/namespaces/ns-{platform.one}/leases/fb-tiny-reserved"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as gone:
        dead = lock.process_identity(gone.pid)
    if dead:
        patch = {"metadata": {"annotations": {"form-builder/process": dead}}}
        sandbox.api("PATCH", path, patch, "application/merge-patch+json")
        assert status(platform)["reserved"] == ""
        taken = deploy(platform, ci("b", "2"), "--turn-wait", "0")
        assert taken.code == 0, taken.output
        assert "taking over what was reserved for Ada (main) in run GitHub Actions 1" in taken.output
    sandbox.api("PATCH", path, {"spec": {"leaseDurationSeconds": 1}}, "application/merge-patch+json")
    assert deploy(platform, ci("c", "3"), "--turn-wait", "60").code == 0
    assert "GitHub Actions 3" in json.dumps(lease(sandbox, platform))
