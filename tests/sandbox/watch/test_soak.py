"""The watch of pods as a soak: each restart once, at once, with its reason and last words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.sandbox.local import Sandbox
from tests.sandbox.platform_double import Platform
from tests.sandbox.watch.watched import Start, ask, deploy, name, pods, ready, restart, soak, unready_file


def test_a_quiet_soak_passes_and_so_does_a_single_look(deployed: Platform) -> None:
    ended = deployed.run("watch", "--app", "tiny", "--env", deployed.one, "--for", "1s")
    assert ended.code == 0, ended.output
    assert "2 of 2 pods ready, no restart in 1 s" in ended.last
    ended = deployed.run("watch", "--app", "tiny", "--env", deployed.one, "--for", "0")
    assert ended.code == 0, ended.output
    assert "2 of 2 pods ready, no restart in 0 s" in ended.last


def test_what_restarted_before_the_deployment_is_in_its_baseline(
    deployed: Platform, sandbox: Sandbox
) -> None:
    restart(sandbox, pods(sandbox, deployed.one)[0])
    assert deployed.run("watch", "--app", "tiny", "--env", deployed.one, "--for", "0").code == 1
    deploy(deployed)
    ended = deployed.run("watch", "--app", "tiny", "--env", deployed.one, "--for", "0")
    assert ended.code == 0, ended.output
    assert "2 of 2 pods ready, no restart in 0 s" in ended.last


def test_a_soak_fails_at_once_and_names_both_causes(
    deployed: Platform, sandbox: Sandbox, watching: Start
) -> None:
    soak(deployed, "10m")
    one, two = pods(sandbox, deployed.one)
    watch = watching("--app", "tiny")
    watch.until("watching the pods of tiny")
    ask(one, "/say", b"my last words")
    ask(one, "/exit", b"7")
    ask(two, "/exit", b"0")
    assert watch.end() == 1, watch.output
    first = f"Pod/{name(one)} container app restarted (Error, exit code 7)"
    second = f"Pod/{name(two)} container app restarted (Completed, exit code 0)"
    assert watch.output.count(f"] {first}") == 1
    assert watch.output.count(f"] {second}") == 1
    why = next(line for line in watch.lines if line.startswith("  why: "))
    assert first in why and second in why
    assert "    | log of" in watch.output and "my last words" in watch.output
    assert f"make rollback APP=tiny ENV={deployed.one}" in watch.output
    stage = deployed.recorded()["stages"][0]
    assert sorted(stage["details"][deployed.one]["restarts"]) == sorted([first, second])
    assert any("my last words" in line for line in stage["evidence"])

    # The baseline of the deployment's record still counts: a restart before the watch began is seen.
    later = deployed.run("watch", "--app", "tiny", "--env", deployed.one, "--for", "0")
    assert later.code == 1 and first in later.output


def test_readiness_that_flaps_fails_with_the_probes_last_answer(
    deployed: Platform, sandbox: Sandbox, watching: Start
) -> None:
    soak(deployed, "10m")
    pod = pods(sandbox, deployed.one)[0]
    path = f"/api/v1/namespaces/ns-{deployed.one}/pods/{name(pod)}"
    watch = watching("--app", "tiny")
    watch.until("watching the pods of tiny")
    for is_ready in ("False", "True", "False"):
        if is_ready == "True":
            unready_file(sandbox, pod).unlink()
        else:
            ask(pod, "/file/app/unready", b"x")
        sandbox.wait(path, lambda obj, wanted=is_ready: ready(obj) == wanted)
    assert watch.end() == 1, watch.output
    unready_file(sandbox, pod).unlink()
    assert f"Pod/{name(pod)} container app: its readiness changed 3 times" in watch.output
    assert re.search(r"without a restart: Readiness probe failed: .*503", watch.output)


def test_a_pod_that_stays_not_ready_fails(deployed: Platform, sandbox: Sandbox, watching: Start) -> None:
    soak(deployed, "10m")
    pod = pods(sandbox, deployed.one)[0]
    watch = watching("--app", "tiny")
    watch.until("watching the pods of tiny")
    ask(pod, "/file/app/unready", b"x")
    assert watch.end() == 1, watch.output
    unready_file(sandbox, pod).unlink()
    told = f"Pod/{name(pod)} container app is not ready for too long: Readiness probe failed"
    assert watch.output.count(f"] {told}") == 1


def test_in_a_pipeline_a_time_that_is_given_is_a_soak_too(
    deployed: Platform, sandbox: Sandbox, watching: Start, tmp_path: Path
) -> None:
    watch = watching("--app", "tiny", "--for", "10m", PIPELINE_STAGE_DIR=str(tmp_path))
    watch.until("watching the pods of tiny")
    pod = pods(sandbox, deployed.one)[0]
    restart(sandbox, pod)
    assert watch.end() == 1, watch.output
    outcome = json.loads((tmp_path / "outcome.json").read_text())
    assert outcome["outcome"] == "failed"
    assert f"Pod/{name(pod)} container app restarted (Error, exit code 7)" in outcome["reason"]


def test_what_happens_during_a_deployment_is_that_deployments_to_judge(
    deployed: Platform, sandbox: Sandbox, watching: Start
) -> None:
    leases = f"/apis/coordination.k8s.io/v1/namespaces/ns-{deployed.one}/leases"
    lease = {"metadata": {"name": "fb-tiny-deploy"}, "spec": {"holderIdentity": "somebody"}}
    soak(deployed, "10m")
    watch = watching("--app", "tiny")
    watch.until("watching the pods of tiny")
    one, two = pods(sandbox, deployed.one)
    sandbox.api("POST", leases, lease)
    restart(sandbox, one)
    told = f"Pod/{name(one)} container app restarted (Error, exit code 7)"
    watch.until(f"{told}; a deployment is under way, and judges it")
    sandbox.api("DELETE", f"{leases}/fb-tiny-deploy")
    restart(sandbox, two)
    assert watch.end() == 1, watch.output
    why = next(line for line in watch.lines if line.startswith("  why: "))
    assert name(two) in why and name(one) not in why


@pytest.mark.parametrize("word", ["soon", "-1s", "", "1e99"])
def test_a_duration_that_is_none_is_misused(watched_platform: Platform, word: str) -> None:
    ended = watched_platform.run(
        "watch", "--app", "tiny", "--env", watched_platform.one, f"--for={word or 'x'}"
    )
    assert ended.code == 2, ended.output
    assert "is no duration" in ended.last
