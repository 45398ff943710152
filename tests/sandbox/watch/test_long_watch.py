"""A long watch: it goes on, tells the channel once per cause and when it is over, and is not blinded."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.sandbox.local import TINY, Sandbox, eventually
from tests.sandbox.platform_double import Platform
from tests.sandbox.watch.watched import Start, ask, deploy, name, pods, ready, restart
from tests.scripts.alerting.webhook import Webhook

SECOND = """
[apps.other]
title = "Other"
path = "tiny"
language = "python"
images = { app = "Dockerfile" }
namespace = "ns-{space}"
service = "fb-other-{space}"
health = "/health"
"""


def test_a_rollout_a_scale_down_a_drain_and_a_deletion_are_no_alarms(
    watched_platform: Platform, sandbox: Sandbox, watching: Start
) -> None:
    platform = deploy(watched_platform, VERSION="3")
    watch = watching("--app", "tiny", "--for", "10m")
    watch.until("watching the pods of tiny")
    deploy(platform, VERSION="4")
    deploy(platform, replicas=1, VERSION="4")
    pod = pods(sandbox, platform.one)[0]
    where = f"/api/v1/namespaces/ns-{platform.one}/pods"
    sandbox.api("POST", f"{where}/{name(pod)}/eviction", {"metadata": {"name": name(pod)}})
    watch.until(f"Pod/{name(pod)} is ended by the cluster (EvictionByEvictionAPI): Eviction API: evicting")
    pod = eventually(lambda: pods(sandbox, platform.one))[0]
    sandbox.wait(f"{where}/{name(pod)}", lambda obj: ready(obj) == "True")
    sandbox.api("DELETE", f"{where}/{name(pod)}")
    watch.until(f"Pod/{name(pod)} was deleted though its ReplicaSet wants it, and is replaced")
    watch.process.send_signal(signal.SIGINT)
    assert watch.end() == 130, watch.output
    assert "was deployed: watching it from now on" in watch.output
    assert watch.output.count("was deleted though") == 1
    assert "pods ready, no restart" in watch.output


def test_a_long_watch_tells_the_channel_once_and_that_it_is_over(
    deployed: Platform, sandbox: Sandbox, watching: Start
) -> None:
    webhook = Webhook()
    try:
        watch = watching("--app", "tiny", "--for", "10m", "--quiet", "10s", SLACK_WEBHOOK=webhook.url)
        watch.until("watching the pods of tiny")
        pod = pods(sandbox, deployed.one)[0]
        restart(sandbox, pod)
        assert webhook.asked.acquire(timeout=30), watch.output
        restart(sandbox, pods(sandbox, deployed.one)[1])
        watch.until("over in")
        assert webhook.asked.acquire(timeout=30), watch.output
        watch.process.send_signal(signal.SIGINT)
        assert watch.end() == 130, watch.output
    finally:
        webhook.close()
    titles = [body["blocks"][0]["text"]["text"] for body in webhook.bodies]
    where = f"in {deployed.one}"
    assert titles == [
        f"❌ tiny: container app restarts (Error) {where}",
        f"✅ tiny: over {where}: no restart of app (Error) for 10 s",
    ]
    said = webhook.bodies[0]["blocks"][1]["text"]["text"]
    assert f"Pod/{name(pod)} container app restarted (Error, exit code 7)" in said
    assert f"make rollback APP=tiny ENV={deployed.one}" in said
    assert "until it was interrupted: 2 of 2 pods ready, 2 alarms" in watch.output


def test_without_a_webhook_an_alarm_is_printed_and_kept_and_the_end_is_a_failure(
    deployed: Platform, sandbox: Sandbox, watching: Start
) -> None:
    pod = pods(sandbox, deployed.one)[0]
    count = restart(sandbox, pod)
    watch = watching("--app", "tiny", "--for", "1s")
    assert watch.end() == 1, watch.output
    assert f"❌ tiny: container app restarts (Error) in {deployed.one}" in watch.output
    assert "SLACK_WEBHOOK is not set: alerts are kept until it is" in watch.output
    assert f"Pod/{name(pod)} container app restarted (Error, exit code 7) since " in watch.output
    key = f"watch-tiny-{deployed.one}-app-Error-{pod['metadata']['uid']}-{count}"
    assert (deployed.folder / ".pipeline/alerts/waiting" / f"{key}.json").is_file()


def test_a_restart_that_the_channel_knows_is_not_told_again_by_another_watch(
    deployed: Platform, sandbox: Sandbox
) -> None:
    restart(sandbox, pods(sandbox, deployed.one)[0])
    webhook = Webhook()
    try:
        for _ in range(2):
            words = ("--app", "tiny", "--env", deployed.one, "--for", "1s")
            ended = deployed.run("watch", *words, SLACK_WEBHOOK=webhook.url)
            assert ended.code == 1, ended.output
    finally:
        webhook.close()
    told = [body["blocks"][0]["text"]["text"] for body in webhook.bodies]
    # (what earlier tests left in the outbox goes out first)
    assert told.count(f"❌ tiny: container app restarts (Error) in {deployed.one}") >= 1
    assert len(told) == len({str(body) for body in webhook.bodies})


def test_several_apps_are_watched_side_by_side_and_not_mixed_up(
    deployed: Platform, sandbox: Sandbox, watching: Start
) -> None:
    file = deployed.folder / "apps.toml"
    file.write_text(file.read_text() + SECOND)
    ended = deployed.run("deploy", "--app", "other", "--env", deployed.one)
    assert ended.code == 0, ended.output
    together = watching("--for", "10m")
    begun = [together.until("watching the pods of") for _ in range(2)]
    assert {line.split("]")[0] for line in begun} == {f"[tiny {deployed.one}", f"[other {deployed.one}"}
    together.process.send_signal(signal.SIGINT)
    assert together.end() == 130, together.output
    pod = pods(sandbox, deployed.one, "other")[0]
    restart(sandbox, pod)
    watch = watching("--for", "1s")
    assert watch.end() == 1, watch.output
    why = next(line for line in watch.lines if line.startswith("  why: "))
    assert why.startswith(f"  why: other {deployed.one}: Pod/{name(pod)} ")
    assert "tiny: container" not in watch.output
    deployed.configure()


def test_a_watch_of_all_apps_where_none_is_deployed_fails(watched_platform: Platform) -> None:
    ended = watched_platform.run("watch", "--env", watched_platform.two, "--for", "0")
    assert ended.code == 1, ended.output
    assert f"nothing that could be watched is deployed in {watched_platform.two}" in ended.last


def test_a_cluster_that_is_away_for_a_while_does_not_blind_it(tmp_path: Path, watching: Start) -> None:
    own = Sandbox(tmp_path / "own state")
    own.run("up")
    try:
        platform = deploy(Platform(tmp_path / "a repository", own.state, "own", TINY))
        watch = watching("--app", "tiny", "--for", "10m", on=platform)
        watch.until("watching the pods of tiny")
        pod = pods(own, platform.one)[0]
        os.kill(own.details["pid"], signal.SIGKILL)
        watch.until("cannot see the pods since")
        ask(pod, "/exit", b"7")
        own.run("up")
        watch.until("can see the pods again")
        eventually(lambda: pods(own, platform.one)[0]["status"]["containerStatuses"][0])
        watch.until("container app restarts (Error)")
        watch.process.send_signal(signal.SIGINT)
        assert watch.end() == 130, watch.output
        assert watch.output.count("container app restarted") == 1, watch.output
    except subprocess.TimeoutExpired:
        pytest.fail(watch.output)
    finally:
        own.run("down")
