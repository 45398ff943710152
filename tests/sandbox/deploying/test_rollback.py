"""A release that fails goes back to the last verified one: automatically, by hand, and after a crash."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.local import Sandbox
from tests.sandbox.platform_double import Ended, Platform, commit

CRASH = {"EXIT_CODE": "3", "SAY": "I cannot go on"}


@pytest.fixture
def platform(platform: Platform) -> Platform:
    """Its production (space three) goes back by itself."""
    platform.configure(rollback="auto")
    return platform


def release(platform: Platform, digit: str, space: str) -> None:
    """Deploy the templates as they are, and verify them."""
    soaked = ("watch",) if space == platform.three else ()
    for stage in ("deploy", "healthcheck", *soaked):
        ended = platform.run(stage, "--app", "tiny", "--env", space, **commit(digit))
        assert ended.code == 0, ended.output


def deploy(platform: Platform, digit: str, space: str, *words: str, **more: str) -> Ended:
    return platform.run("deploy", "--app", "tiny", "--env", space, *words, **commit(digit), **more)


def row(platform: Platform, space: str) -> dict[str, Any]:
    return platform.status("--env", space)[0]


def history(sandbox: Sandbox, space: str) -> list[dict[str, Any]]:
    kept = sandbox.api("GET", f"/api/v1/namespaces/ns-{space}/configmaps/fb-tiny-release")
    return list(json.loads(kept["data"]["releases.json"]))


def answering(sandbox: Sandbox, space: str) -> str:
    """The version that the app itself names, through its Service."""
    path = f"/api/v1/namespaces/ns-{space}/services/fb-tiny-{space}:80/proxy/"
    return str(sandbox.api("GET", path)["version"])


def test_a_failed_release_goes_back_by_itself_and_is_held(platform: Platform, sandbox: Sandbox) -> None:
    space = platform.three
    platform.manifest(env={"VERSION": "good"})
    release(platform, "a", space)
    platform.manifest(env={"VERSION": "bad", **CRASH})
    bad = deploy(platform, "b", space)
    assert bad.code == 1, bad.output
    assert "crash loop:" in bad.last
    assert "rolled back to aaaaaaaaaaaa (verified)" in bad.last
    assert answering(sandbox, space) == "good"

    details = platform.recorded()["stages"][0]["details"]
    assert details["settled"] is True
    back = details[space]["rollback"]
    assert (back["to"], back["from"], back["outcome"], back["verified"]) == (
        "aaaaaaaaaaaa", "bbbbbbbbbbbb", "passed", True,
    )  # fmt: skip
    run = max((platform.folder / ".pipeline" / "runs").iterdir())
    assert details[space]["evidence"] in bad.last
    summary = (run / details[space]["evidence"]).read_text()
    assert "I cannot go on" in summary and "rolled back to aaaaaaaaaaaa" in summary

    rows = history(sandbox, space)
    assert [(each["version"][0], each["state"], each["verified"]) for each in rows] == [
        ("a", "deployed", True),
        ("b", "failed", False),
        ("a", "deployed", True),
    ]
    again = deploy(platform, "b", space)
    assert again.code == 3, again.output
    assert "bbbbbbbbbbbb was rolled back and is held" in again.last
    assert "crash loop" in again.last and "FORCE=1" in again.last
    assert history(sandbox, space) == rows

    renamed = deploy(platform, "c", space)  # the same thing under another name
    assert renamed.code == 3, renamed.output

    forced = deploy(platform, "b", space, FORCE="1")
    assert forced.code == 1, forced.output
    assert answering(sandbox, space) == "good"

    platform.manifest(env={"VERSION": "better"})
    assert deploy(platform, "d", space).code == 0
    assert answering(sandbox, space) == "better"


def test_what_was_forced_and_works_is_held_no_more(platform: Platform, sandbox: Sandbox) -> None:
    space = platform.three
    platform.manifest(env={"VERSION": "one"})
    release(platform, "a", space)
    platform.manifest(env={"VERSION": "two"})
    release(platform, "b", space)
    back = platform.run("rollback", "--app", "tiny", "--env", space, **commit("b"))
    assert back.code == 0, back.output
    assert answering(sandbox, space) == "one"
    assert deploy(platform, "b", space).code == 3
    assert deploy(platform, "b", space, "--force").code == 0
    assert answering(sandbox, space) == "two"
    assert deploy(platform, "b", space).code == 0


def test_without_a_verified_release_it_says_so_and_leaves_the_evidence(
    platform: Platform, sandbox: Sandbox
) -> None:
    space = platform.three
    platform.manifest(env={"VERSION": "never verified"})
    assert deploy(platform, "a", space).code == 0
    platform.manifest(env=CRASH)
    bad = deploy(platform, "b", space)
    assert bad.code == 1, bad.output
    assert "NOT ROLLED BACK: tiny has no verified earlier release" in bad.last
    details = platform.recorded()["stages"][0]["details"][space]
    assert details["rollback"]["to"] is None
    run = max((platform.folder / ".pipeline" / "runs").iterdir())
    assert "I cannot go on" in (run / details["evidence"]).read_text()
    assert answering(sandbox, space) == "never verified"  # its pods were never taken away


def test_an_environment_that_does_not_ask_for_it_is_left_to_a_person(platform: Platform) -> None:
    space = platform.one
    release(platform, "a", space)
    platform.manifest(env=CRASH)
    bad = deploy(platform, "b", space)
    assert bad.code == 1, bad.output
    assert f"make rollback APP=tiny ENV={space}" in bad.last
    assert "rollback" not in platform.recorded()["stages"][0]["details"][space]
    assert (row(platform, space)["version"], row(platform, space)["attempt"]) == ("a" * 12, "b" * 12)
    by_hand = platform.run("rollback", "--app", "tiny", "--env", space, **commit("b"))
    assert by_hand.code == 0, by_hand.output
    assert row(platform, space)["version"] == "aaaaaaaaaaaa"


def test_checks_that_fail_after_the_deployment_are_undone_by_the_rollback_stage(
    platform: Platform, sandbox: Sandbox
) -> None:
    space = platform.three
    platform.manifest(env={"VERSION": "good"})
    release(platform, "a", space)
    words = ("--app", "tiny", "--env", space, "--failed")
    nothing = platform.run("rollback", *words, **commit("a"))
    assert nothing.code == 0, nothing.output
    assert "nothing to undo" in nothing.last

    platform.manifest(env={"VERSION": "bad", "UNHEALTHY_FILE": "app/app.py"})
    assert deploy(platform, "b", space).code == 0  # nothing but the healthcheck asks for /health
    sick = platform.run("healthcheck", "--app", "tiny", "--env", space, "--within", "1", **commit("b"))
    assert sick.code == 1, sick.output
    other = platform.run("rollback", *words, **commit("c"))
    assert other.code == 0 and "nothing to undo" in other.last  # not that run's business
    assert answering(sandbox, space) == "bad"
    undone = platform.run("rollback", *words, **commit("b"))
    assert undone.code == 0, undone.output
    assert "rolled back to aaaaaaaaaaaa (verified)" in undone.last
    assert answering(sandbox, space) == "good"
    held = deploy(platform, "b", space)
    assert held.code == 3, held.output
    assert "healthcheck-production failed" in held.last


def test_a_rollback_that_was_cut_short_is_finished_by_the_next_run(
    platform: Platform, sandbox: Sandbox
) -> None:
    space = platform.three
    platform.manifest(env={"VERSION": "good"})
    release(platform, "a", space)
    platform.manifest(env={"VERSION": "bad"})
    assert deploy(platform, "b", space).code == 0
    process = platform.start("rollback", "--app", "tiny", "--env", space, **commit("b"))
    assert process.stdout is not None
    for line in process.stdout:
        if "going back from" in line:
            break
    path = f"/api/v1/namespaces/ns-{space}/configmaps/fb-tiny-release"
    while json.loads(sandbox.api("GET", path)["data"]["releases.json"])[0]["state"] != "deploying":
        assert process.poll() is None
    process.kill()
    process.wait()
    process.stdout.close()

    again = deploy(platform, "b", space)
    assert again.code == 3, again.output
    assert "finishing the rollback to aaaaaaaaaaaa that was cut short" in again.output
    assert answering(sandbox, space) == "good"
    assert row(platform, space)["verified"] is True
