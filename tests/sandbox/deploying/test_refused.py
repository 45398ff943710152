"""What a deployment waits for, refuses or leaves alone: locks, branches, templates, fields of others."""

from __future__ import annotations

import json
import re
import signal
import time

import pytest

from tests.sandbox.deploying.looks import STARTUP, deployment, locks
from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.platform_double import Platform


def test_a_second_deployment_waits_or_is_refused_with_the_holder(
    platform: Platform, sandbox: Sandbox
) -> None:
    platform.configure(deadline="600s")
    platform.manifest(env={"START_DELAY": "600"}, extra=STARTUP.replace("60 }", "600 }"))
    first = platform.start("deploy", "--app", "tiny", "--env", platform.one)
    try:
        eventually(lambda: f"ns-{platform.one}" in names(sandbox) and locks(sandbox, platform.one))
        second = platform.run("deploy", "--app", "tiny", "--env", platform.one, "--lock-wait", "1")
        assert second.code == 3, second.output
        assert re.search(rf"tiny is being deployed to {platform.one} by .+ since 20\d\d-", second.last)
        row = json.loads(platform.run("status", "--json", "--env", platform.one).output)[0]
        assert " since 20" in row["lock"]
        started = time.monotonic()
        first.send_signal(signal.SIGTERM)
        output, _ = first.communicate(timeout=20)
    finally:
        first.kill()
        first.wait()
    assert first.returncode == 130, output
    assert time.monotonic() - started < 5
    assert "interrupted" in output and "Traceback" not in output
    assert locks(sandbox, platform.one) == []


def test_the_lock_of_a_killed_deployment_is_taken_over(platform: Platform, sandbox: Sandbox) -> None:
    platform.configure(deadline="600s")
    platform.manifest(env={"START_DELAY": "600"}, extra=STARTUP.replace("60 }", "600 }"))
    first = platform.start("deploy", "--app", "tiny", "--env", platform.one)
    try:
        eventually(lambda: f"ns-{platform.one}" in names(sandbox) and locks(sandbox, platform.one))
    finally:
        first.kill()
        first.communicate()
    assert len(locks(sandbox, platform.one)) == 1
    platform.manifest()
    again = platform.deploy()
    assert again.code == 0, again.output
    assert "taking over the lock" in again.output
    assert "waiting for the deployment of" not in again.output, "it did not wait for the lock to expire"
    assert locks(sandbox, platform.one) == []


def names(sandbox: Sandbox) -> set[str]:
    return {each["metadata"]["name"] for each in sandbox.api("GET", "/api/v1/namespaces")["items"]}


def test_production_is_refused_from_a_branch_and_without_approval(
    platform: Platform, sandbox: Sandbox
) -> None:
    branch = platform.deploy("production", BRANCH="feature")
    assert branch.code == 3, branch.output
    assert "environments.production" in branch.last and "branches = [main]" in branch.last
    unapproved = platform.deploy("production")
    assert unapproved.code == 3, unapproved.output
    assert "approval" in unapproved.last
    assert f"ns-{platform.three}" not in names(sandbox)
    approved = platform.run("deploy", "--app", "tiny", "--env", "production", "--approve")
    assert approved.code == 0, approved.output


@pytest.mark.parametrize(
    ("template", "words"),
    [("a: {{ nothing }}\n", "deploy/bad.yaml:1: 'nothing' is undefined"), ("a: [\n", "deploy/bad.yaml:2:")],
)
def test_a_bad_template_is_misused_and_nothing_was_started(
    platform: Platform, sandbox: Sandbox, template: str, words: str
) -> None:
    (platform.folder / "tiny" / "deploy" / "bad.yaml").write_text(template)
    ended = platform.deploy()
    assert ended.code == 2, ended.output
    assert words in ended.last
    assert f"ns-{platform.one}" not in names(sandbox)
    assert "sandbox build" not in ended.output


def test_a_missing_namespace_fails_where_the_cluster_does_not_provision(platform: Platform) -> None:
    ended = platform.run("deploy", "--app", "tiny", "--env", platform.one, "--cluster", "strict")
    assert ended.code == 1, ended.output
    assert f"cluster strict, space {platform.one}: there is no namespace ns-{platform.one}" in ended.last


def test_a_field_of_another_manager_is_a_conflict_named_by_field(
    platform: Platform, sandbox: Sandbox
) -> None:
    assert platform.deploy().code == 0
    path = f"/apis/apps/v1/namespaces/ns-{platform.one}/deployments/fb-tiny-app-{platform.one}"
    sandbox.api(
        "PATCH", f"{path}?fieldManager=somebody", {"spec": {"replicas": 2}}, "application/merge-patch+json"
    )
    ended = platform.deploy()
    assert ended.code == 1, ended.output
    assert f'Deployment/fb-tiny-app-{platform.one}: spec.replicas belongs to "somebody"' in ended.last
    forced = platform.run("deploy", "--app", "tiny", "--env", platform.one, "--take-over")
    assert forced.code == 0, forced.output
    assert deployment(sandbox, platform.one)["spec"]["replicas"] == 1


def test_replicas_that_an_autoscaler_owns_are_left_alone(platform: Platform, sandbox: Sandbox) -> None:
    assert platform.deploy().code == 0
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"fb-tiny-app-{platform.one}"}
    sandbox.api(
        "POST",
        f"/apis/autoscaling/v2/namespaces/ns-{platform.one}/horizontalpodautoscalers",
        {
            "metadata": {"name": "scale"},
            "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 3},
        },
    )
    path = f"/apis/apps/v1/namespaces/ns-{platform.one}/deployments/fb-tiny-app-{platform.one}"
    sandbox.api(
        "PATCH", f"{path}?fieldManager=autoscaler", {"spec": {"replicas": 2}}, "application/merge-patch+json"
    )
    platform.manifest(env={"VERSION": "2"})
    ended = platform.deploy()
    assert ended.code == 0, ended.output
    assert deployment(sandbox, platform.one)["spec"]["replicas"] == 2
