"""A release that exits a moment after it is ready does not pass: not its deployment, and not its checks."""

from __future__ import annotations

from tests.sandbox.cluster.standing.jobs import job
from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.platform_double import Platform
from tests.sandbox.watch import watched


def test_a_deployment_outlasts_the_first_seconds_of_its_pods(platform: Platform) -> None:
    platform.manifest(env={"EXIT_AFTER": "1.5", "EXIT_CODE": "3"})
    ended = platform.deploy(SETTLE="30")
    assert ended.code == 1, ended.output
    assert "exit code 3" in ended.last
    assert "is verified" not in ended.output


def test_an_unchanged_release_is_not_made_to_wait_and_a_hasty_one_is_told(platform: Platform) -> None:
    platform.manifest()
    first = platform.deploy(SETTLE="1")
    assert first.code == 0, first.output
    assert f"Deployment/fb-tiny-app-{platform.one} has minReadySeconds 0" in first.output
    again = platform.run("deploy", "--app", "tiny", "--env", platform.one, seconds=60, SETTLE="3000")
    assert again.code == 0, again.output
    assert "already runs" in again.last and "minReadySeconds" not in again.output


def test_pods_that_have_to_last_before_they_count_are_not_waited_for_again(platform: Platform) -> None:
    platform.manifest()
    file = platform.folder / "tiny" / "deploy" / "app.yaml"
    file.write_text(file.read_text().replace("progressDeadline", "minReadySeconds: 1\n  progressDeadline"))
    ended = platform.run("deploy", "--app", "tiny", "--env", platform.one, seconds=60, SETTLE="3000")
    assert ended.code == 0, ended.output
    assert "minReadySeconds" not in ended.output


def test_a_healthcheck_after_the_deployment_names_the_crash_at_once(
    platform: Platform, sandbox: Sandbox
) -> None:
    platform.manifest()
    assert platform.deploy(**job("a")).code == 0
    watched.restart(sandbox, watched.pods(sandbox, platform.one)[0])
    ended = platform.run(
        "healthcheck", "--app", "tiny", "--env", platform.one, "--within", "3000", **job("a")
    )
    assert ended.code == 1, ended.output
    assert "container app ended once after the rollout" in ended.last
    assert "exit code 7" in ended.last
    assert "logs --previous" in ended.last


def test_a_person_is_told_of_a_crash_loop_by_its_name(platform: Platform, sandbox: Sandbox) -> None:
    platform.manifest()
    assert platform.deploy().code == 0
    platform.manifest(env={"EXIT_AFTER": "0.2"})
    platform.deploy()  # it fails; the pod of before still serves
    looping = eventually(
        lambda: [
            pod
            for pod in watched.pods(sandbox, platform.one)
            if "CrashLoopBackOff" in str(watched.container(pod)["state"])
        ]
    )
    name = watched.name(looping[0])
    ended = platform.run("healthcheck", "--app", "tiny", "--env", platform.one, "--within", "3000")
    assert ended.code == 1, ended.output
    assert f"Pod/{name} container app is in a crash loop" in ended.last
