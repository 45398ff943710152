"""Deployments in the real sandbox: verdicts on good and doomed releases, locks, interruptions."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.deploying.looks import STARTUP, deployment, locks
from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.platform_double import Platform

IMPATIENT = "startupProbe: { httpGet: { path: /health, port: http }, periodSeconds: 1, failureThreshold: 1 }"


def pods(sandbox: Sandbox, space: str) -> list[dict[str, Any]]:
    return list(sandbox.api("GET", f"/api/v1/namespaces/ns-{space}/pods")["items"])


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
    status = platform.status("--env", platform.one)
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
    assert "its startup probe GET /health on port http has not passed yet" in slow.last


@pytest.mark.parametrize(
    ("env", "cause", "words"),
    [
        ({"UNREADY_FILE": "app/app.py"}, "readiness never passes", "statuscode: 503"),
        ({"PORT": "3001"}, "not listening yet", "connection refused"),
    ],
)
def test_one_that_does_not_get_ready_is_named_early_and_called_by_its_progress_deadline(
    platform: Platform, sandbox: Sandbox, env: dict[str, str], cause: str, words: str
) -> None:
    """More time might have healed it: that is not in time, and not failed."""
    assert platform.deploy().code == 0
    platform.configure(deadline="120s")
    platform.manifest(env=env)
    file = platform.folder / "tiny" / "deploy" / "app.yaml"
    file.write_text(platform.template().replace("progressDeadlineSeconds: 60", "progressDeadlineSeconds: 14"))
    late = platform.deploy()
    assert late.code == 4, late.output
    assert f"why: {platform.one}: {cause}:" in late.last and words in late.last
    assert "has timed out progressing" in late.last and "raise the app's `deadline`" in late.last
    named = late.output.index("suspicious: Pod/")
    assert named < late.output.index("has timed out progressing"), "it is named long before it is called"
    assert deployment(sandbox, platform.one)["status"]["availableReplicas"] == 1


def test_one_space_fails_and_the_other_finishes(platform: Platform, sandbox: Sandbox) -> None:
    template = platform.folder / "tiny" / "deploy" / "app.yaml"
    broken = f'{{% if space == "{platform.two}" %}}command: [no-such-program]{{% endif %}}'
    platform.manifest(extra=broken)
    assert broken in template.read_text()
    ended = platform.deploy("test")
    assert ended.code == 1, ended.output
    assert f"why: {platform.two}: command cannot run" in ended.last
    assert deployment(sandbox, platform.one)["status"]["availableReplicas"] == 1
    found = platform.status("--env", "test")
    assert [(row["space"], bool(row["version"])) for row in found] == [
        (platform.one, True),
        (platform.two, False),
    ]


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


def test_pods_in_back_off_since_before_are_made_anew_when_nothing_else_changes(
    platform: Platform, sandbox: Sandbox, tmp_path: Path
) -> None:
    mended, doomed = tmp_path / "mended", f"{tmp_path}/$HOSTNAME"  # a pod that met the fault never gets well
    start = f"test -e {mended} -a ! -e {doomed} || {{ touch {doomed}; exit 3; }}; exec python app.py"
    platform.manifest(extra=f"command: [sh, -c, '{start}']")
    broken = platform.deploy()
    assert broken.code == 1 and "crash loop" in broken.last, broken.output

    def held_back() -> bool:
        states = [each["status"]["containerStatuses"][0]["state"] for each in pods(sandbox, platform.one)]
        return any(state.get("waiting", {}).get("reason") == "CrashLoopBackOff" for state in states)

    eventually(held_back)
    mended.touch()  # what it failed on is there by now, and the node is in no hurry to try again
    again = platform.run("deploy", "--app", "tiny", "--env", platform.one, "--force")
    assert again.code == 0, again.output
    assert "(container app: CrashLoopBackOff) in back-off since before this deployment" in again.output
    assert "its pods are made anew, as RESTART=1 does" in again.output
    third = platform.run("deploy", "--app", "tiny", "--env", platform.one)
    assert "already runs" in third.last and "back-off" not in third.output, third.output
