"""Deployments in the real sandbox: verdicts on good and doomed releases, locks, interruptions."""

from __future__ import annotations

import json
import re
import signal
import time
from typing import Any

import pytest

from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.platform_double import Platform

IMPATIENT = "startupProbe: { httpGet: { path: /health, port: http }, periodSeconds: 1, failureThreshold: 1 }"
STARTUP = "startupProbe: { httpGet: { path: /health, port: http }, periodSeconds: 1, failureThreshold: 60 }"


def deployment(sandbox: Sandbox, space: str) -> dict[str, Any]:
    return sandbox.api("GET", f"/apis/apps/v1/namespaces/ns-{space}/deployments/fb-tiny-app-{space}")


def pods(sandbox: Sandbox, space: str) -> list[dict[str, Any]]:
    return list(sandbox.api("GET", f"/api/v1/namespaces/ns-{space}/pods")["items"])


def locks(sandbox: Sandbox, space: str) -> list[dict[str, Any]]:
    return list(sandbox.api("GET", f"/apis/coordination.k8s.io/v1/namespaces/ns-{space}/leases")["items"])


def test_a_first_deployment_then_the_same_again_then_a_change(platform: Platform, sandbox: Sandbox) -> None:
    platform.manifest(replicas=2)
    first = platform.deploy("test")
    assert first.code == 0, first.output
    for space in (platform.one, platform.two):
        assert f"[{space}] created namespace ns-{space}" in first.output
        assert f"{space}: tiny" in first.last and "is rolled out" in first.last
        assert deployment(sandbox, space)["status"]["availableReplicas"] == 2
        assert locks(sandbox, space) == []
    stage = platform.recorded()["stages"][0]
    assert (stage["outcome"], stage["environment"]) == ("passed", "test")
    assert "@sha256:" in stage["details"][platform.one]["images"]["app"]

    before = {pod["metadata"]["uid"] for pod in pods(sandbox, platform.one)}
    again = platform.deploy("test")
    assert again.code == 0, again.output
    assert "already runs" in again.last
    assert {pod["metadata"]["uid"] for pod in pods(sandbox, platform.one)} == before

    platform.manifest(replicas=2, env={"VERSION": "2"})
    changed = platform.deploy()
    assert changed.code == 0, changed.output
    assert "is rolled out" in changed.last
    owned = deployment(sandbox, platform.one)["metadata"]
    assert owned["annotations"]["form-builder/version"] == "uncommitted"
    assert {entry["manager"] for entry in owned["managedFields"]} >= {"form-builder-pipeline"}


@pytest.mark.parametrize(
    ("change", "cause", "words"),
    [
        ({"image": "sandbox/none@sha256:" + "0" * 64}, "image does not exist", "does not exist"),
        (
            {"more_env": "- { name: X, valueFrom: { secretKeyRef: { name: absent, key: k } } }"},
            "missing configuration",
            'secret "absent" not found',
        ),
        ({"extra": "command: [no-such-program]"}, "command cannot run", "no-such-program"),
        ({"env": {"EXIT_CODE": "3", "SAY": "I cannot go on"}}, "crash loop", "exit code 3"),
        ({"env": {"UNREADY_FILE": "app/app.py"}}, "readiness never passes", "503"),
        (
            {
                "env": {"UNHEALTHY_FILE": "app/app.py"},
                "extra": IMPATIENT,
            },
            "killed by its probe",
            "startup probe",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value and len(value) < 30 else "",
)
def test_a_doomed_release_is_called_with_its_cause_and_the_last_good_one_serves(
    platform: Platform, sandbox: Sandbox, change: dict[str, Any], cause: str, words: str
) -> None:
    good = platform.deploy()
    assert good.code == 0, good.output
    platform.configure(deadline="120s")
    platform.manifest(**change)
    started = time.monotonic()
    bad = platform.deploy(PREFLIGHT="0")  # which would have found some of these
    assert bad.code == 1, bad.output
    assert time.monotonic() - started < 60, "half of its deadline"
    assert f"why: {platform.one}: {cause}:" in bad.last
    assert words in bad.last
    assert "fix: " in bad.last
    record = platform.recorded()["stages"][0]
    assert record["details"][platform.one]["cause"] == cause
    assert deployment(sandbox, platform.one)["status"]["availableReplicas"] == 1
    assert locks(sandbox, platform.one) == []
    status = json.loads(platform.run("status", "--json", "--env", platform.one).output)
    assert "unfinished" in status[0]["note"] or "not fully rolled out" in status[0]["note"]


def test_the_evidence_of_a_crash_holds_its_last_words(platform: Platform) -> None:
    platform.manifest(env={"EXIT_CODE": "3", "SAY": "the cupboard is bare"})
    bad = platform.deploy()
    assert bad.code == 1, bad.output
    assert re.search(r"\| log of .*app: the cupboard is bare", bad.last)


def test_a_quota_without_room_is_named_with_used_and_hard(platform: Platform, sandbox: Sandbox) -> None:
    assert platform.deploy().code == 0
    quota = {"metadata": {"name": "small"}, "spec": {"hard": {"pods": "1"}}}
    path = f"/api/v1/namespaces/ns-{platform.one}/resourcequotas"
    sandbox.api("POST", path, quota)
    sandbox.wait(f"{path}/small", lambda obj: obj.get("status", {}).get("used", {}).get("pods") == "1")
    platform.manifest(env={"VERSION": "2"})
    bad = platform.deploy(PREFLIGHT="0")
    assert bad.code == 1, bad.output
    assert "quota:" in bad.last and "used: pods=1" in bad.last and "limited: pods=1" in bad.last


def test_a_rollout_that_takes_too_long_is_timed_out(platform: Platform) -> None:
    platform.configure(deadline="2s")
    platform.manifest(env={"START_DELAY": "30"}, extra=STARTUP)
    slow = platform.deploy()
    assert slow.code == 4, slow.output
    assert "not rolled out within 2 s" in slow.last
    assert "its startup probe has not passed yet" in slow.last


def test_one_space_fails_and_the_other_finishes(platform: Platform, sandbox: Sandbox) -> None:
    template = platform.folder / "tiny" / "deploy" / "app.yaml"
    broken = f'{{% if space == "{platform.two}" %}}command: [no-such-program]{{% endif %}}'
    platform.manifest(extra=broken)
    assert broken in template.read_text()
    ended = platform.deploy("test")
    assert ended.code == 1, ended.output
    assert f"why: {platform.two}: command cannot run" in ended.last
    assert deployment(sandbox, platform.one)["status"]["availableReplicas"] == 1
    found = json.loads(platform.run("status", "--json", "--env", "test").output)
    assert [(row["space"], bool(row["version"])) for row in found] == [
        (platform.one, True),
        (platform.two, False),
    ]


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


MIGRATION = """
apiVersion: batch/v1
kind: Job
metadata: { name: "fb-tiny-migrate" }
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: "{{ images.app }}"
          env: [{ name: EXIT_CODE, value: "WORD" }, { name: SAY, value: migrating }]
"""


def test_a_migration_runs_before_the_workloads_and_its_failure_stops_them(
    platform: Platform, sandbox: Sandbox
) -> None:
    job = platform.folder / "tiny" / "deploy" / "migrate.yaml"
    job.write_text(MIGRATION.replace("WORD", "5"))
    ended = platform.deploy()
    assert ended.code == 1, ended.output
    assert "job failed: Job/fb-tiny-migrate: failed (BackoffLimitExceeded)" in ended.last
    assert "migrating" in ended.last
    found = sandbox.api("GET", f"/apis/apps/v1/namespaces/ns-{platform.one}/deployments")["items"]
    assert found == []
    job.write_text(MIGRATION.replace("WORD", "0"))
    mended = platform.deploy()
    assert mended.code == 0, mended.output


def test_fixtures_are_made_once_and_match(platform: Platform, sandbox: Sandbox) -> None:
    folder = platform.folder / "tiny" / "deploy" / "provision"
    folder.mkdir()
    (folder / "keys.yaml").write_text(
        "{% set key = rsa_key() %}\n"
        "apiVersion: v1\nkind: Secret\nmetadata: { name: keys }\n"
        "stringData: { private: {{ key.private | tojson }}, word: '{{ random_string(12) }}' }\n"
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: public }\n"
        "data: { key: {{ key.public | tojson }} }\n"
    )
    assert platform.deploy().code == 0
    secret = sandbox.api("GET", f"/api/v1/namespaces/ns-{platform.one}/secrets/keys")
    public = sandbox.api("GET", f"/api/v1/namespaces/ns-{platform.one}/configmaps/public")
    again = platform.deploy()
    assert again.code == 0, again.output
    assert sandbox.api("GET", f"/api/v1/namespaces/ns-{platform.one}/secrets/keys") == secret
    from base64 import b64decode

    from cryptography.hazmat.primitives import serialization

    private = serialization.load_pem_private_key(b64decode(secret["data"]["private"]), None)
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    assert private.public_key().public_bytes(encoding, form).decode() == public["data"]["key"]
    assert len(b64decode(secret["data"]["word"])) == 12
    word = b64decode(secret["data"]["word"]).decode()
    assert word not in again.output


HELPER = """
[apps.helper]
title = "Helper"
path = "tiny"
language = "python"
images = { app = "Dockerfile" }
namespace = "ns-{space}"
service = "fb-helper-{space}"
health = "/health"
environments = ["test"]
"""


def test_what_an_app_needs_is_deployed_first_where_it_is_absent(platform: Platform, sandbox: Sandbox) -> None:
    platform.configure(needs='needs = ["helper"]', suites=HELPER)
    ended = platform.deploy("test")
    assert ended.code == 0, ended.output
    for space in (platform.one, platform.two):
        applied = [line for line in ended.output.splitlines() if space in line and "applying" in line]
        assert [re.search(r"objects of (\w+)", line)[1] for line in applied] == ["helper", "tiny"]  # type: ignore[index]
    again = platform.deploy("test")
    assert again.code == 0, again.output
    assert "helper" not in again.output
    production = platform.run("deploy", "--app", "tiny", "--env", "production", "--approve")
    assert production.code == 0, production.output
    assert "helper" not in production.output


def test_what_an_app_in_spaces_of_its_own_needs_is_deployed_where_that_goes(
    platform: Platform, sandbox: Sandbox
) -> None:
    own = f'needs = ["helper"]\nspaces = {{ test = ["{platform.three}"] }}'
    suite = HELPER + (
        "[apps.tiny.suites.smoke]\n"
        f'env.OTHER_URL = "{{url:helper@{platform.one}}}"\n'
        f'env.WORD = {{ secret = "word", key = "word", namespace = "ns-{platform.two}" }}\n'
    )
    platform.configure(needs=own, suites=suite)
    ended = platform.deploy("test")
    assert ended.code == 0, ended.output
    applied = re.findall(r"objects of (\w+) \S+ to ns-(\S+)", ended.output)
    assert sorted(applied[:2]) == sorted([("helper", platform.one), ("helper", platform.two)])
    assert applied[2:] == [("tiny", platform.three)]

    sandbox.api(
        "POST",
        f"/api/v1/namespaces/ns-{platform.two}/secrets",
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "word"},
            "stringData": {"word": "elsewhere"},
        },
    )
    tests = platform.folder / "tiny" / "tests" / "smoke"
    tests.mkdir(parents=True)
    (platform.folder / "tiny" / "requirements-test.txt").write_text("pytest\n")
    (tests / "test_other.py").write_text(
        "import os, urllib.request\n"
        "def test_other_spaces_are_reached():\n"
        "    assert urllib.request.urlopen(os.environ['OTHER_URL'] + '/health').status == 200\n"
        "    assert os.environ['WORD'] == 'elsewhere'\n"
    )
    smoke = platform.run("smoke", "--app", "tiny", "--env", "test")
    assert smoke.code == 0, smoke.output
    assert "1 smoke tests passed" in smoke.last

    only = f'{{% if app == "helper" and space == "{platform.two}" %}}command: [no-such-program]{{% endif %}}'
    sandbox.api(
        "DELETE", f"/apis/apps/v1/namespaces/ns-{platform.two}/deployments/fb-helper-app-{platform.two}"
    )
    platform.manifest(extra=only)
    failed = platform.deploy("test")
    assert failed.code == 1, failed.output
    assert f"{platform.two}: helper, which tiny needs: command cannot run" in failed.last


def test_a_need_that_cannot_be_deployed_keeps_the_app_from_its_space(platform: Platform) -> None:
    platform.configure(needs='needs = ["helper"]', suites=HELPER)
    only = f'{{% if app == "helper" and space == "{platform.two}" %}}command: [no-such-program]{{% endif %}}'
    platform.manifest(extra=only)
    ended = platform.deploy("test")
    assert ended.code == 1, ended.output
    assert f"why: {platform.two}: helper, which tiny needs: command cannot run" in ended.last
    found = json.loads(platform.run("status", "--json", "--env", "test", "--app", "tiny").output)
    assert [bool(row["version"]) for row in found] == [True, False]
