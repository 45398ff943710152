"""A check that was started for a commit looks at its release, from the start to the end, or is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.cluster.standing.jobs import job, source, turn_comes
from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.platform_double import Platform, made_in
from tests.sandbox.watch import watched

A, B = "a" * 12, "b" * 12
SUITES = """
[apps.tiny.suites.smoke]
path = "tests/smoke"
deadline = "60s"
env.URL = "{url}"
"""
SMOKE = """import os
import time
from pathlib import Path

FOLDER = Path(os.environ.get("GATE", "/nowhere"))


def test_it_waits_for_the_gate() -> None:
    if FOLDER.is_dir():
        (FOLDER / "begun").touch()
        until = time.monotonic() + 60
        while not (FOLDER / "open").exists():
            assert time.monotonic() < until
            time.sleep(0.02)
"""


@pytest.fixture(scope="module")
def platform(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with made_in(sandbox, tmp_path_factory.mktemp("another")) as made:
        made.configure(suites=SUITES)
        smoke = made.folder / "tiny" / "tests" / "smoke"
        smoke.mkdir(parents=True)
        (smoke / "test_smoke.py").write_text(SMOKE)
        (made.folder / "tiny" / "requirements-test.txt").write_text("pytest\n")
        yield made


def deploy(platform: Platform, digit: str) -> None:
    platform.manifest(env={"VERSION": digit})
    ended = platform.deploy(**job(digit))
    assert ended.code == 0, ended.output


def deploy_meanwhile(platform: Platform, sandbox: Sandbox, digit: str) -> None:
    """Deploy while another run's check goes on, as if the turn had come to this one."""
    path = turn_comes(sandbox, platform.one, "GitHub Actions 7")
    platform.manifest(env={"VERSION": digit})
    ended = platform.deploy(**job(digit, GITHUB_RUN_ID="7"))
    sandbox.api("DELETE", path)
    assert ended.code == 0, ended.output


def row(platform: Platform) -> dict[str, Any]:
    return platform.status("--app", "tiny", "--env", platform.one)[0]


@pytest.mark.parametrize("script", ["healthcheck", "smoke", "watch"])
def test_a_job_of_a_commit_is_refused_where_another_one_serves(platform: Platform, script: str) -> None:
    deploy(platform, "b")
    ended = platform.run(script, "--app", "tiny", "--env", platform.one, **job("a"))
    assert ended.code == 3, ended.output
    assert f"{platform.one} serves {B} of tiny, not {A}" in ended.last
    assert "run the deploy job again: make deploy APP=tiny ENV=test" in ended.last
    assert platform.recorded()["stages"][0]["details"][platform.one] == {"superseded": B}
    assert row(platform)["releases"][0]["checks"] == {}


def test_the_same_job_may_look_at_whatever_serves_but_its_suite_is_another_ones(platform: Platform) -> None:
    deploy(platform, "c")
    for script in ("healthcheck", "smoke"):
        words = ("--app", "tiny", "--env", platform.one, "--any-version")
        ended = platform.run(script, *words, **job("a"))
        assert ended.code == 0, ended.output
    assert f"this is the smoke suite of {A}: it counts for no other version" in ended.output
    assert set(row(platform)["releases"][0]["checks"]) == {"healthcheck"}


def test_a_job_that_names_no_app_looks_at_each_as_it_is(platform: Platform) -> None:
    deploy(platform, "e")
    ended = platform.run("healthcheck", "--env", platform.one, **job("a"))
    assert ended.code == 0, ended.output
    assert f"tiny {'e' * 12}: " in ended.output


def test_a_person_looks_at_what_is_there(platform: Platform) -> None:
    deploy(platform, "d")
    person = {"PIPELINE_SOURCE": source("a", "git")}
    ended = platform.run("healthcheck", "--app", "tiny", "--env", platform.one, **person)
    assert ended.code == 0, ended.output
    assert f"tiny {'d' * 12}: " in ended.last
    ended = platform.run("smoke", "--app", "tiny", "--env", platform.one, **person)
    assert ended.code == 0, ended.output
    assert f"this is the smoke suite of {A}: it counts for no other version" in ended.output
    assert set(row(platform)["releases"][0]["checks"]) == {"healthcheck"}


def test_a_job_is_refused_where_its_own_deployment_failed(platform: Platform) -> None:
    deploy(platform, "b")
    platform.manifest(env={"VERSION": "a", "EXIT_CODE": "1"})
    assert platform.deploy(**job("a")).code == 1
    ended = platform.run("healthcheck", "--app", "tiny", "--env", platform.one, **job("a"))
    assert ended.code == 3, ended.output
    assert f"does not serve {A} of tiny: its deployment failed" in ended.last


def test_a_suite_during_which_another_release_came_verifies_neither(
    platform: Platform, sandbox: Sandbox, tmp_path: Path
) -> None:
    deploy(platform, "a")
    assert platform.run("healthcheck", "--app", "tiny", "--env", platform.one, **job("a")).code == 0
    smoke = platform.start("smoke", "--app", "tiny", "--env", platform.one, **job("a", GATE=str(tmp_path)))
    eventually((tmp_path / "begun").exists)
    deploy_meanwhile(platform, sandbox, "b")
    (tmp_path / "open").touch()
    output, _ = smoke.communicate(timeout=90)
    assert smoke.returncode == 3, output
    assert f"{A} of tiny is superseded in {platform.one}, not verified: {B} came meanwhile, by Ada" in output
    found = {each["version"]: each for each in row(platform)["releases"][:2]}
    assert found[B]["checks"] == {}
    assert set(found[A]["checks"]) == {"healthcheck"} and not found[A]["verified"]


def test_a_watch_ends_as_soon_as_another_release_came(platform: Platform, sandbox: Sandbox) -> None:
    watched.soak(platform, "300s")
    deploy(platform, "a")
    watching = watched.Watching(platform, "--app", "tiny", **job("a"))
    try:
        watching.until("watching the pods of tiny")
        deploy_meanwhile(platform, sandbox, "b")
        assert watching.end() == 3, watching.output
    finally:
        watching.close()
        platform.configure(suites=SUITES)
    assert f"{A} of tiny is superseded in {platform.one}, not verified: {B} came meanwhile" in watching.output
    assert "nothing was undone" in watching.output
    assert row(platform)["version"] == B


def test_a_smoke_job_that_runs_again_after_the_rollback_is_refused(platform: Platform) -> None:
    deploy(platform, "a")
    for script in ("healthcheck", "smoke"):
        assert platform.run(script, "--app", "tiny", "--env", platform.one, **job("a")).code == 0
    assert row(platform)["verified"]
    deploy(platform, "b")
    assert platform.run("rollback", "--app", "tiny", "--env", platform.one, **job("b")).code == 0
    ended = platform.run("smoke", "--app", "tiny", "--env", platform.one, **job("b"))
    assert ended.code == 3, ended.output
    assert f"{platform.one} serves {A} of tiny, not {B}" in ended.last
