"""`make status` on real deployments: locks, unfinished and failed ones, holds, and what somebody changed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.platform_double import Platform

STARTUP = "startupProbe: { httpGet: { path: /health, port: http }, periodSeconds: 1, failureThreshold: 60 }"
GOOD, BAD = "1" * 40, "2" * 40
Kubectl = Callable[..., subprocess.CompletedProcess[str]]


def deployed(platform: Platform, commit: str = GOOD, **change: Any) -> None:
    platform.manifest(**change)
    ended = platform.deploy(COMMIT=commit)
    assert ended.code == 0, ended.output


def row(platform: Platform, *words: str) -> dict[str, Any]:
    [found] = platform.status("--env", platform.one, *words)
    return found


def table(platform: Platform, *words: str) -> list[str]:
    ran = platform.run("status", "--env", platform.one, *words)
    assert ran.code == 0, ran.output
    lines = ran.output.splitlines()
    assert all(len(line) <= 120 for line in lines), ran.output
    return lines


def test_what_was_applied_and_left_alone_is_no_drift(platform: Platform) -> None:
    deployed(
        platform,
        env={"A": "1", "EMPTY": ""},
        extra=f"{STARTUP}\n          resources: {{ limits: {{ cpu: 0.5 }} }}",
    )
    found = row(platform)
    assert (found["drift"], found["notes"], found["state"]) == ([], [], "deployed")
    assert (found["version"], found["ready"], found["wanted"]) == (GOOD[:12], 1, 1)


def test_a_change_by_hand_is_shown_with_object_field_and_manager(
    platform: Platform, kubectl: Kubectl, tmp_path: Path
) -> None:
    deployed(platform, env={"A": "1"})
    where, name = ("-n", f"ns-{platform.one}"), f"deployment/fb-tiny-app-{platform.one}"
    kubectl(*where, "scale", name, "--replicas=3")
    [found] = row(platform)["drift"]
    assert found["field"] == "spec.replicas"
    assert (found["applied"], found["live"]) == ("1", "3")
    assert found["sentence"].startswith(
        f"Deployment/fb-tiny-app-{platform.one} spec.replicas is 3, applied 1, "
    )
    assert "changed by kubectl" in found["sentence"]

    script = tmp_path / "editor.sh"
    script.write_text('#!/bin/sh\nsed -i \'s/value: "1"/value: "2"/\' "$1"\n')
    script.chmod(0o755)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("KUBE_EDITOR", str(script))
        kubectl(*where, "edit", name)
    fields = {each["field"]: each for each in row(platform)["drift"]}
    edited = fields["spec.template.spec.containers[app].env[A].value"]
    assert (edited["live"], edited["applied"], edited["manager"]) == ("2", "1", "kubectl-edit")

    kubectl(*where, "set", "env", name, "DEBUG=yes")
    kubectl(*where, "delete", "service", f"fb-tiny-{platform.one}")
    lines = table(platform)
    told = " ".join(" ".join(lines).split())
    assert "env[DEBUG] is" in told and "never applied, set by kubectl" in told
    assert f"Service/fb-tiny-{platform.one} is gone" in told
    assert lines[1].startswith("tiny ")


def test_what_an_autoscaler_sets_is_no_drift(platform: Platform, sandbox: Sandbox) -> None:
    deployed(platform)
    namespace, name = f"ns-{platform.one}", f"fb-tiny-app-{platform.one}"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    scaler = {"metadata": {"name": "hpa"}, "spec": {"scaleTargetRef": target, "maxReplicas": 5}}
    sandbox.api("POST", f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers", scaler)
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    patch = {"spec": {"replicas": 2}}
    sandbox.api("PATCH", f"{path}?fieldManager=kubectl", patch, "application/merge-patch+json")
    assert row(platform)["drift"] == []


def test_a_failed_deployment_is_told_with_what_serves_meanwhile(platform: Platform) -> None:
    deployed(platform)
    platform.manifest(env={"EXIT_CODE": "3"})
    assert platform.deploy(COMMIT=BAD).code == 1
    found = row(platform)
    assert (found["version"], found["state"], found["attempt"]) == (GOOD[:12], "failed", BAD[:12])
    assert any(re.match(f"deployment of {BAD[:12]} by .+ failed .+ ago$", note) for note in found["notes"])


def test_a_deployment_under_way_and_one_that_was_cut_short(platform: Platform, sandbox: Sandbox) -> None:
    platform.manifest(env={"START_DELAY": "600"}, extra=STARTUP)
    process = platform.start("deploy", "--app", "tiny", "--env", platform.one, COMMIT=GOOD)
    try:
        found = eventually(lambda: (seen := row(platform))["state"] == "deploying" and seen, 60)
        assert " since 20" in found["lock"]
        assert found["lock_seconds"] >= 0
        assert re.match(rf"{GOOD[:12]} is being deployed by .+ in run 20\S+ for \d", found["notes"][0])
    finally:
        process.kill()
        process.communicate()
    # A lock whose holder was killed expires; here it is taken away at once.
    sandbox.api("DELETE", f"/apis/coordination.k8s.io/v1/namespaces/ns-{platform.one}/leases/fb-tiny-deploy")
    found = row(platform)
    assert (found["version"], found["attempt"], found["verified"]) == ("", GOOD[:12], False)
    again = f"APP=tiny ENV={platform.one}"
    assert re.match(
        f"deployment of {GOOD[:12]} by .+ was cut short .+ ago: make deploy {again} or make rollback {again}",
        found["notes"][0],
    )


def test_after_a_rollback_the_version_back_the_hold_and_the_history(platform: Platform) -> None:
    deployed(platform)
    assert platform.run("healthcheck", "--app", "tiny", "--env", platform.one).code == 0
    deployed(platform, BAD, env={"VERSION": "2"})
    assert row(platform)["version"] == BAD[:12]
    back = platform.run("rollback", "--app", "tiny", "--env", platform.one, COMMIT=BAD)
    assert back.code == 0, back.output
    found = row(platform)
    assert (found["version"], found["back_from"], found["verified"]) == (GOOD[:12], BAD[:12], True)
    assert [each["version"] for each in found["held"]] == [BAD[:12]]
    assert found["drift"] == []
    assert "releases" not in found
    told = "\n".join(table(platform))
    assert f"back from {BAD[:12]}" in told
    assert re.search(rf"held: {BAD[:12]} \(.+\), FORCE=1 lifts it", told)
    assert "releases:" not in told

    lines = table(platform, "--app", "tiny")
    history = lines[lines.index("releases:") + 1 :]
    assert history[0].split()[:4] == ["space", "version", "at", "by"]
    assert [line.split()[1] for line in history[1:]] == [GOOD[:12], BAD[:12], GOOD[:12]]
    assert BAD[:12] in history[1].split()[2:], "the rollback says what it replaced"
    kept = row(platform, "--app", "tiny")["releases"]
    assert [each["state"] for each in kept] == ["deployed"] * 3
