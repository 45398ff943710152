"""A full disk, a read-only one, one that fills up in the middle: a sentence with the path, no half file."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from tests import ROOT
from tests.scripts.alerting.webhook import Webhook
from tests.scripts.pipeline.ending import lone, waits
from tests.scripts.scripted import Scripted


def in_a_small_world(run: Scripted, setup: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run something where .pipeline is another disk."""
    run.root.joinpath(".pipeline").mkdir(exist_ok=True)
    script = f"{setup} && exec {shlex.join(argv)}"
    world = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    probe = subprocess.run(
        [*world, "mount -t tmpfs none .pipeline"], cwd=run.root, capture_output=True, check=False
    )
    if probe.returncode:
        pytest.skip("this machine lets no user mount anything in a namespace of its own")
    return subprocess.run(
        [*world, script], cwd=run.root, env=run.env, text=True, timeout=90, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


FULL = "mount -t tmpfs -o size=16k none .pipeline; (head -c 64k /dev/zero > .pipeline/x) 2>/dev/null; true"
READ_ONLY = "mount -t tmpfs none .pipeline && mount -o remount,ro .pipeline"


@pytest.mark.parametrize(
    "script", ["driver.py", "lint", "security", "unit", "build", "deploy", "alert", "rollback"]
)
@pytest.mark.parametrize(("setup", "why"), [(FULL, "No space left"), (READ_ONLY, "Read-only file system")])
def test_a_disk_that_takes_nothing_is_one_sentence_with_the_path(
    run: Scripted, script: str, setup: str, why: str
) -> None:
    if script == "driver.py":
        argv = [sys.executable, str(run.root / "driver.py")]
    else:
        argv = [sys.executable, str(ROOT / f"scripts/{script}.py"), "--config", str(run.root / "apps.toml")]
        argv += ["--app", "toy", *(["--env", "production"] if script in ("deploy", "rollback") else [])]
    ran = in_a_small_world(run, setup, *argv)
    assert "Traceback" not in ran.stdout and "traceback" not in ran.stdout, ran.stdout
    if script == "alert":  # there is no run to tell of
        assert ran.returncode == 2, ran.stdout
        return
    assert ran.returncode == 1, ran.stdout
    assert f"why: {run.root}/.pipeline/" in ran.stdout and why in ran.stdout
    assert "fix: " in ran.stdout


def test_a_disk_that_fills_up_in_the_middle_ends_the_run_with_a_sentence_and_an_alert(
    run: Scripted, webhook: Webhook
) -> None:
    run.env["SLACK_WEBHOOK"] = webhook.url
    run.stage("deploy-production", "head -c 4M /dev/zero > .pipeline/ballast; true")
    waits(run, "healthcheck-production")
    ran = in_a_small_world(
        run, "mount -t tmpfs -o size=1M none .pipeline", sys.executable, str(run.root / "driver.py")
    )
    assert ran.returncode == 1, ran.stdout
    assert "run.json: No space left on device" in ran.stdout and "Traceback" not in ran.stdout
    assert "make rollback APP=toy ENV=production goes back" in ran.stdout
    assert not run.times("smoke-production")


def test_files_that_may_not_grow_end_a_lone_stage_with_a_sentence(run: Scripted) -> None:
    command = f"ulimit -f 0; exec {shlex.join(lone(run, 'lint'))}"
    ran = subprocess.run(
        ["bash", "-c", command], cwd=run.root, env=run.env, text=True,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "run.json: File too large" in ran.stdout
    left = [
        path.name for path in (run.root / ".pipeline").rglob("*") if path.is_file() and path.name != "alive"
    ]
    assert left == [], "half a file"
