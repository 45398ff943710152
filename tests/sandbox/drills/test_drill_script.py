"""`scripts/drill.py` as a user runs it: what it shows, how it ends, and that it leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.local import ROOT, Sandbox, eventually

SECONDS = 300


def argv(sandbox: Sandbox, work: Path, *words: str) -> list[str]:
    base = [sys.executable, str(ROOT / "scripts" / "drill.py"), "--state", str(sandbox.state)]
    return [*base, "--work", str(work), *words]


def environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in ("CAUSE", "PATIENCE_SCALE")}


def spaces(sandbox: Sandbox) -> list[str]:
    listed = sandbox.api("GET", "/api/v1/namespaces")["items"]
    return [each["metadata"]["name"] for each in listed if "-drill-" in each["metadata"]["name"]]


@pytest.mark.timeout(SECONDS)
def test_a_drill_shows_verdict_evidence_rollback_service_and_alert(sandbox: Sandbox, tmp_path: Path) -> None:
    command = argv(sandbox, tmp_path, "--cause", "exit-at-start", "--only", "broken")
    ran = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    facts = [line for line in ran.stdout.splitlines() if line.startswith("  ") and line[2] != " "]
    lines = {line.split()[0]: line for line in facts}
    assert "deploy failed: " in lines["verdict"] and "crash loop: " in lines["verdict"]
    assert "s after the first write" in lines["time"] and "after the API first showed it" in lines["time"]
    assert "(verified)" in lines["rollback"]
    assert " 0 failed; " in lines["served"]
    assert "deploy failed in production" in lines["alert"]
    summary = tmp_path / lines["evidence"].split()[1]
    assert "the cupboard is bare" in "".join(
        file.read_text() for file in summary.parent.rglob("*") if file.is_file()
    )
    assert "1 of 1 came out as they must" in ran.stdout
    assert spaces(sandbox) == []


@pytest.mark.timeout(SECONDS)
def test_an_interrupted_drill_leaves_nothing_behind(sandbox: Sandbox, tmp_path: Path) -> None:
    process = subprocess.Popen(
        argv(sandbox, tmp_path, "--cause", "readiness"), env=environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        eventually(lambda: spaces(sandbox), 60)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, output
    assert "Traceback" not in output and "interrupted" in output
    assert spaces(sandbox) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cause", "qouta"], 'did you mean "quota"?'),
        ([], "CAUSE is missing"),
        (["--cause", "quota", "--patience", "0"], "PATIENCE_SCALE=0: must be a factor"),
        (
            ["--cause", "quota", "--cluster", "cloud-platform"],
            "EKS_TOKEN_{NAMESPACE} of cloud-platform is for one each",
        ),
    ],
)
def test_misuse_starts_nothing(sandbox: Sandbox, tmp_path: Path, words: list[str], said: str) -> None:
    ran = subprocess.run(
        argv(sandbox, tmp_path, *words),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 2, ran.stdout
    assert said in ran.stdout
    assert spaces(sandbox) == [] and list(tmp_path.iterdir()) == []


def test_the_list_names_every_drill(sandbox: Sandbox, tmp_path: Path) -> None:
    ran = subprocess.run(
        argv(sandbox, tmp_path, "--list"),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    rows = ran.stdout.splitlines()
    assert len(rows) >= 20 and any(row.startswith("out-of-memory ") for row in rows)
