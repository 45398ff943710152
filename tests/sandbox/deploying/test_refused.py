"""What a deployment waits for, refuses or leaves alone: locks, branches, templates, fields of others."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.release import lock

from tests.sandbox.deploying.looks import STARTUP, deployment, locks
from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.platform_double import Platform, commit

RESERVED, LOCK = "fb-tiny-reserved", "fb-tiny-deploy"


@contextmanager
def under_way(platform: Platform, sandbox: Sandbox) -> Iterator[subprocess.Popen[str]]:
    """A deployment whose pods take ten minutes to start; it is killed in the end."""
    platform.configure(deadline="600s")
    platform.manifest(env={"START_DELAY": "600"}, extra=STARTUP.replace("60 }", "600 }"))
    file = platform.folder / "tiny" / "deploy" / "app.yaml"
    file.write_text(file.read_text().replace("progressDeadlineSeconds: 60", "progressDeadlineSeconds: 600"))
    first = platform.start("deploy", "--app", "tiny", "--env", platform.one)
    try:
        eventually(lambda: {RESERVED, LOCK} == set(leases(sandbox, platform)))
        yield first
    finally:
        first.kill()
        first.communicate()


def test_a_second_deployment_waits_and_is_refused_with_the_holder(
    platform: Platform, sandbox: Sandbox
) -> None:
    with under_way(platform, sandbox) as first:
        again = ("--app", "tiny", "--env", platform.one)
        second = platform.run("deploy", *again, "--turn-wait", "1")
        assert second.code == 3, second.output
        assert re.search(r"waiting for .+ in run .+, for whom it is reserved until the last", second.output)
        assert re.search(rf"tiny in {platform.one} is reserved for .+ in run .+: place 1 in", second.last)
        assert f"make status ENV={platform.one}" in second.last
        row = platform.status("--env", platform.one)[0]
        assert " since 20" in row["lock"] and "reserved for " in row["reserved"]
        started = time.monotonic()
        first.send_signal(signal.SIGTERM)
        output, _ = first.communicate(timeout=20)
    assert first.returncode == 130, output
    assert time.monotonic() - started < 5
    assert "interrupted" in output and "Traceback" not in output
    assert locks(sandbox, platform.one) == []


def test_a_rollback_asks_for_no_turn_and_is_held_up_by_the_lock(platform: Platform, sandbox: Sandbox) -> None:
    with under_way(platform, sandbox):
        back = platform.run("rollback", "--app", "tiny", "--env", platform.one, "--lock-wait", "1")
    assert back.code == 3, back.output
    assert "waiting for the deployment of " in back.output and "reserved" not in back.output
    assert re.search(rf"tiny is being deployed to {platform.one} by .+ since 20\d\d-", back.last)


def test_who_has_the_turn_is_still_held_up_by_the_lock(
    platform: Platform, sandbox: Sandbox, connection: Connection
) -> None:
    assert platform.deploy().code == 0
    space = Space(platform.one, print, threading.Event())
    namespace = f"ns-{platform.one}"
    with lock.held(connection, namespace, "tiny", run="run 1", who="Bob", space=space, wait=0):
        words = ("--app", "tiny", "--env", platform.one, "--lock-wait", "1")
        second = platform.run("deploy", *words)
        assert second.code == 3, second.output
        assert re.search("waiting for the deployment of Bob since 20.+ in run run 1", second.output)
        assert f"tiny is being deployed to {platform.one} by Bob since 20" in second.last
        assert set(leases(sandbox, platform)) == {LOCK}, "who was refused reserves nothing"
    assert platform.run("deploy", *words).code == 0


def test_what_a_killed_deployment_held_is_taken_over(platform: Platform, sandbox: Sandbox) -> None:
    with under_way(platform, sandbox):
        pass
    assert set(leases(sandbox, platform)) == {RESERVED, LOCK}
    platform.manifest()
    again = platform.deploy()
    assert again.code == 0, again.output
    assert re.search("taking over what was reserved for .+ in run .+: it was cut short", again.output)
    assert "taking over the lock of" in again.output
    assert "waiting for" not in again.output, "it did not wait for either to expire"
    assert locks(sandbox, platform.one) == []


def leases(sandbox: Sandbox, platform: Platform) -> dict[str, Any]:
    if f"ns-{platform.one}" not in names(sandbox):
        return {}
    return {each["metadata"]["name"]: each for each in locks(sandbox, platform.one)}


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


def test_what_the_api_server_took_nothing_of_is_not_undone_and_not_held(
    platform: Platform, sandbox: Sandbox
) -> None:
    platform.configure(rollback="auto")
    space = platform.three
    deploy = ("deploy", "--app", "tiny", "--env", space)
    assert platform.run(*deploy, **commit("a")).code == 0
    before = platform.status("--env", space)[0]
    path = f"/apis/apps/v1/namespaces/ns-{space}/deployments/fb-tiny-app-{space}"
    patch = {"spec": {"replicas": 2}}
    sandbox.api("PATCH", f"{path}?fieldManager=somebody", patch, "application/merge-patch+json")
    platform.manifest(env={"VERSION": "2"})
    file = platform.folder / "tiny" / "deploy" / "app.yaml"
    kept = [each for each in file.read_text().split("---\n") if "kind: Deployment" in each]
    file.write_text("---\n".join(kept))  # nothing comes before what is refused
    ended = platform.run(*deploy, "--no-preflight", **commit("b"))
    assert ended.code == 1, ended.output
    assert "nothing was changed: " in ended.last and "is still there" in ended.last
    assert "rolled back" not in ended.output.lower(), "what somebody set by hand is not undone either"
    assert deployment(sandbox, space)["spec"]["replicas"] == 2
    after = platform.status("--env", space)[0]
    assert (after["version"], after["verified"]) == (before["version"], before["verified"])
    again = platform.run(*deploy, "--take-over", **commit("b"))
    assert again.code == 0, again.output


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
