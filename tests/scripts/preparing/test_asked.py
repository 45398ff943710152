"""What `make doctor` says of the programs that apps.toml names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.scripts.tiny_app import SCRIPTS, Repository, repository

TABLE = """
prepare = [["no-such-installer", "--all"]]
lockfiles = ["packages.lock"]
lint = [["no-such-linter"], ["sh", "-c", "true"]]
security = [["eslint"], ["./scan.sh"], ["{path}/bin/scan"]]
unit = [["no-such-installer", "test"], ["{app_python}", "-m", "x"]]
services.db.start = ["no-such-database"]
services.db.ready = ["sh", "-c", "true"]
[apps.bare.suites.smoke]
command = ["no-such-runner", "{report}"]
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = repository(tmp_path)
    with (made.root / "apps.toml").open("a", encoding="utf-8") as file:
        file.write(TABLE)
    made.write("packages.lock", "")
    return made


def seen(repo: Repository, app: str, **env: str) -> dict[str, tuple[bool | None, str, str]]:
    """What was seen, by the program that it is about."""
    done = repo.run("cluster_doctor", app, env=env)
    assert done.code == 0, done.output
    return {saw.split()[0]: (well, saw, fix) for well, saw, fix in json.loads(done.output)}


def test_of_an_app_that_is_asked_for_each_program_that_is_missing_is_a_cross(repo: Repository) -> None:
    found = seen(repo, "bare", PATH="/usr/bin:/bin")
    installer = "no-such-installer is not installed: bare needs it for prepare, unit"
    assert found["no-such-installer"][:2] == (False, installer)
    assert found["no-such-linter"][1].endswith("bare needs it for lint")
    assert found["no-such-database"][1].endswith("bare needs it for services.db")
    assert found["no-such-runner"][1].endswith("bare needs it for suites.smoke")
    assert all(fix for well, _, fix in found.values() if well is False)
    assert found["bare's"][:2] == (True, "bare's commands find sh")
    assert {name for name in found if "scan" in name or "python" in name} == set()


def test_of_others_it_is_only_told(repo: Repository) -> None:
    found = seen(repo, "")
    assert found["no-such-installer"][0] is None
    assert "bare's" not in found
    assert not any(well is False for well, _, _ in found.values())


def test_what_a_lockfile_brings_along_is_not_missed(repo: Repository, tmp_path: Path) -> None:
    here = {"PATH": str(tmp_path)}
    assert "npm install --save-dev eslint" in seen(repo, "bare", **here)["eslint"][2]
    repo.write("packages.lock", '"node_modules/eslint": {}')
    assert "eslint" not in seen(repo, "bare", **here)


def test_an_app_of_the_toolkits_own_programs_needs_no_word(repo: Repository) -> None:
    assert seen(repo, "tiny") == {}


def test_the_doctor_prints_it_and_is_not_ready(repo: Repository) -> None:
    (repo.root / ".venv/bin").mkdir(parents=True)
    (repo.root / ".venv/.ready-1").touch()
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for words in (["init", "--quiet"], [*who, "commit", "--quiet", "--allow-empty", "--message=x"]):
        subprocess.run(["git", *words], cwd=repo.root, check=True, timeout=30)
    (repo.root / ".venv/bin/python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (repo.root / ".venv/bin/python").chmod(0o755)

    def consult(*flags: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-S", str(SCRIPTS / "doctor.py"), "--root", str(repo.root), *flags]
        env = {name: value for name, value in os.environ.items() if name not in ("APP", "CLUSTER", "ENV")}
        return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)

    red = consult("--app", "bare")
    assert red.returncode == 2, red.stdout
    assert "✘ no-such-linter is not installed: bare needs it for lint\n    fix: " in red.stdout
    assert "these must be mended first" in red.stdout
    told = consult()
    assert told.returncode == 0, told.stdout
    assert "· no-such-linter is not installed: bare needs it for lint" in told.stdout
