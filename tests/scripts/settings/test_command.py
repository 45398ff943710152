"""What every script has in common: --help, bad input, its outcome for the engine or a run of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

SCRIPTS = sorted(path for path in (ROOT / "scripts").glob("*.py"))
PLACED = ("deploy", "healthcheck", "smoke", "acceptance", "watch", "approve", "rollback")
ONE_APP = ("pipeline", "plan", "lint", "security", "unit", "build", "deploy", "approve", "rollback")


def run(
    script: str, *flags: str, python: str = sys.executable, **env: str
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PIPELINE_")}
    argv = [python, str(ROOT / "scripts" / f"{script}.py"), *flags]
    return subprocess.run(argv, capture_output=True, text=True, env={**clean, **env}, timeout=60, check=False)


@pytest.mark.parametrize("script", [path.stem for path in SCRIPTS])
def test_every_script_has_help_that_says_what_it_is_for(script: str) -> None:
    ran = run(script, "--help")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(f"usage: {script}.py")
    assert len(ran.stdout.splitlines()) > 4
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("script", ONE_APP)
def test_without_an_app_it_lists_what_there_is(script: str) -> None:
    flags = ["--env", "test"] if script in PLACED else []
    ran = run(script, *flags)
    assert ran.returncode == 2
    assert "APP is missing" in ran.stdout
    assert "submitter, runner, user-datastore" in ran.stdout


@pytest.mark.parametrize("script", PLACED)
def test_without_a_place_it_lists_what_there_is(script: str) -> None:
    ran = run(script, "--app", "submitter")
    assert ran.returncode == 2
    assert "ENV is missing" in ran.stdout
    assert "test, production, test-dev" in ran.stdout


@pytest.mark.parametrize("script", PLACED)
def test_app_and_place_both_spelled_wrong_are_both_named(script: str) -> None:
    ran = run(script, "--app", "submiter", "--env", "prodction")
    assert ran.returncode == 2
    assert 'did you mean "submitter"' in ran.stdout
    assert 'did you mean "production"' in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("script", ["pipeline", "lint", "security", "unit", "build", "deploy", "healthcheck"])
def test_an_app_without_code_yet_says_so(script: str, tmp_path: Path) -> None:
    declared = '[apps.runner]\npending = "its code is somewhere else for now"\n'
    text = (ROOT / "apps.toml").read_text().replace("[apps.runner]\n", declared)
    (tmp_path / "apps.toml").write_text(text)
    flags = ["--env", "test"] if script in PLACED else []
    ran = run(script, "--app", "runner", "--config", str(tmp_path / "apps.toml"), *flags)
    assert ran.returncode == 2, ran.stdout
    assert "its code is somewhere else for now" in ran.stdout


def test_a_branch_may_not_go_to_production() -> None:
    ran = run("deploy", "--app", "submitter", "--env", "production", BRANCH="feature")
    assert ran.returncode == 3, ran.stdout
    assert 'branch "feature" may not go to production' in ran.stdout
    assert "environments.production in apps.toml" in ran.stdout


def test_a_manual_approval_is_asked_for_and_one_given_is_for_one_commit(tmp_path: Path) -> None:
    text = (ROOT / "apps.toml").read_text().replace('approval = "auto"', 'approval = "manual"')
    (tmp_path / "apps.toml").write_text(text)
    (tmp_path / "apps/submitter").mkdir(parents=True)
    (tmp_path / "apps/submitter/file").write_text("one")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "apps.toml", "apps"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True)
    flags = ["--app", "submitter", "--env", "production", "--config", str(tmp_path / "apps.toml")]
    (tmp_path / ".git/info/exclude").write_text(".pipeline\n")

    asked = run("approve", *flags, "--check")
    assert asked.returncode == 3
    assert "waits for an approval" in asked.stdout
    assert "make approve APP=submitter ENV=production" in asked.stdout
    assert run("approve", *flags, "--check", APPROVE="1").returncode == 0

    assert run("approve", *flags).returncode == 0
    allowed = run("approve", *flags, "--check")
    assert allowed.returncode == 0
    assert "approved by" in allowed.stdout

    (tmp_path / "apps/submitter/file").write_text("two")
    assert run("approve", *flags).returncode == 3, "what is not committed cannot be approved"
    subprocess.run([*git, "commit", "-qam", "second"], check=True)
    assert run("approve", *flags, "--check").returncode == 3, "another commit needs another approval"


def test_a_script_run_by_itself_leaves_a_run_with_one_stage(tmp_path: Path) -> None:
    (tmp_path / "apps.toml").write_text(
        'default_cluster = "none"\n[clusters.none]\nkubeconfig = "x"\n[apps.toy]\npath = "toy"\n'
        'namespace = "toy"\nservice = "toy"\nlint = [["sh", "-c", "echo bad; exit 1"]]\n'
    )
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/code").write_text("bad")
    ran = run("lint", "--app", "toy", "--config", str(tmp_path / "apps.toml"))
    assert ran.returncode == 1
    record = json.loads((tmp_path / ".pipeline/latest/run.json").read_text())
    assert (record["app"], record["outcome"], record["exit_code"]) == ("toy", "failed", 1)
    assert [stage["name"] for stage in record["stages"]] == ["lint"]
    assert "bad" in (tmp_path / ".pipeline/latest/lint.log").read_text()
    lines = ran.stdout.splitlines()
    assert lines[-1].strip().startswith("log: ")


def test_it_works_with_another_python_and_from_another_folder(tmp_path: Path) -> None:
    base = getattr(sys, "_base_executable", sys.executable)
    argv = [base, str(ROOT / "scripts/plan.py"), "--app", "submitter", "--branch", "main"]
    ran = subprocess.run(argv, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "watch-production" in ran.stdout


def test_the_plan_as_json_has_the_targets_that_ci_calls() -> None:
    ran = run("plan", "--app", "submitter", "--branch", "main", "--json")
    stages = json.loads(ran.stdout)["stages"]
    assert stages[4]["target"] == "make deploy APP=submitter ENV=test"
    assert stages[4]["after"] == ["lint", "security", "unit", "build"]
