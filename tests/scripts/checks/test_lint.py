"""scripts/lint.py: flags to behaviour, messages and exit codes."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.scripts.tiny_app import SCRIPTS, Repository, repository


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return repository(tmp_path)


def test_a_clean_app_passes(repo: Repository) -> None:
    done = repo.run("lint")
    assert done.code == 0, done.output
    assert "2 linters found nothing" in done.output
    assert done.record["outcome"] == "passed"


def test_every_linter_runs_and_the_findings_are_named(repo: Repository) -> None:
    repo.write("calc.py", "import os\ndef add(a, b): return a + b\n")
    repo.write("tests/unit/test_calc.py", "import sys\n")
    done = repo.run("lint")
    assert done.code == 1, done.output
    assert "F401 at calc.py:1" in done.output
    assert "calc.py:2: format is not formatted" in done.output or "calc.py:1: format" in done.output
    assert "tests/unit/test_calc.py:1: F401" in done.output, "tests are checked too"
    assert done.output.index("why:") < done.output.index("calc.py:1: F401") < done.output.index("fix:")
    rows = json.loads(done.evidence("lint-1.json").read_text(encoding="utf-8"))
    assert {row["code"] for row in rows} >= {"F401"}


def test_a_file_that_does_not_parse_fails(repo: Repository) -> None:
    repo.write("calc.py", "def add(:\n")
    done = repo.run("lint")
    assert done.code == 1, done.output
    assert "calc.py:1" in done.output


def test_other_linters_decide_by_their_exit_code(repo: Repository) -> None:
    python = json.dumps([sys.executable, "-c", "import sys; print('line 3 is bad'); sys.exit(7)"])
    repo.configure(f"lint = [{python}, {json.dumps([sys.executable, '-c', 'print(5)'])}]")
    done = repo.run("lint")
    assert done.code == 1, done.output
    assert "ended with exit code 7" in done.output
    assert "| line 3 is bad" in done.output


def test_a_missing_linter_is_misuse(repo: Repository) -> None:
    repo.configure('lint = [["no-such-linter", "{path}"]]')
    done = repo.run("lint")
    assert done.code == 2, done.output
    assert "no-such-linter is not installed: there is no such program" in done.output


def test_a_missing_folder_is_misuse(repo: Repository) -> None:
    shutil.rmtree(repo.app)
    done = repo.run("lint")
    assert done.code == 2, done.output
    assert "the app does not exist" in done.output


@pytest.mark.parametrize("stage", ["lint", "security", "unit", "build"])
def test_an_app_without_code_says_so(repo: Repository, stage: str) -> None:
    done = repo.run(stage, "later")
    assert done.code == 2, done.output
    assert "its code is not here yet" in done.output


@pytest.mark.parametrize("stage", ["lint", "security", "unit"])
def test_an_app_without_commands_says_which_key_is_missing(repo: Repository, stage: str) -> None:
    done = repo.run(stage, "bare")
    assert done.code == 2, done.output
    assert f"no {stage} command" in done.output


@pytest.mark.parametrize("stage", ["lint", "security", "unit", "build"])
def test_help_says_what_the_script_is_for(repo: Repository, stage: str) -> None:
    done = repo.run(stage, "", "--help")
    assert done.code == 0
    assert "--app APP" in done.output


def test_an_environment_is_not_needed_to_be_activated(repo: Repository) -> None:
    system = os.pathsep.join(
        part for part in os.environ["PATH"].split(os.pathsep) if Path(part) != Path(sys.executable).parent
    )
    done = repo.run("lint", env={"PATH": system})
    assert done.code == 0, done.output


def test_what_lint_imports_stays_small() -> None:
    """Its speed hangs on it (make bench): none of these is needed to run two programs."""
    import subprocess

    code = "import sys, lint; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True
    )
    loaded = set(ran.stdout.split())
    assert not loaded & {"kubernetes", "rich", "jinja2", "aiohttp", "yaml", "sh", "asyncio", "xml", "shutil"}
