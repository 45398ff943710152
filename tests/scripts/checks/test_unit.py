"""scripts/unit.py: real environments, real pytest, real coverage."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.scripts.tiny_app import CODE, SCRIPTS, TEST, Repository, repository

NEEDED = {"pytest", "coverage", "iniconfig", "packaging", "pluggy", "pygments", "pytest-xdist", "execnet"}
PYTEST_COV = (
    "pytest-cov==7.1.0"
    " --hash=sha256:a0461110b7865f9a271aa1b51e516c9a95de9d696734a2f71e3e78f46e1d4678"
    " --hash=sha256:30674f2b5f6351aa09702a9c8c364f6a01c27aae0c1366ae8016160d1efc56b2\n"
)
STARTS_A_PROCESS = """import subprocess
import sys


def test_the_program() -> None:
    assert subprocess.run([sys.executable, "-c", "import calc; print(calc.add(1, 2))"], check=True)
"""


def pins() -> str:
    """pytest and coverage with hashes, as this repository pins them."""
    text = (SCRIPTS.parent / "requirements-test.txt").read_text(encoding="utf-8")
    entries = [entry for entry in text.replace(" \\\n    --hash", " --hash").splitlines() if "==" in entry]
    return "".join(f"{entry}\n" for entry in entries if entry.partition("==")[0].lower() in NEEDED)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """One repository for all, so that its environment is installed once."""
    made = repository(tmp_path_factory.mktemp("unit"))
    made.write("requirements-test.txt", pins())
    return made


@pytest.fixture
def repo(shared: Repository) -> Repository:
    """The same, as it was at first."""
    shared.configure()
    for file in (shared.app / "tests/unit").glob("*.py"):
        file.unlink()
    shared.write("calc.py", CODE)
    shared.write("tests/unit/test_calc.py", TEST)
    shared.write("requirements.txt", "# nothing\n")
    return shared


def test_tests_that_pass_and_cover_enough_pass(repo: Repository) -> None:
    done = repo.run("unit")
    assert done.code == 0, done.output
    assert "1 unit tests passed, 100% of the lines covered" in done.output
    assert "<testsuite" in done.evidence("unit.xml").read_text(encoding="utf-8")
    assert (
        json.loads(done.evidence("coverage.json").read_text(encoding="utf-8"))["totals"]["percent_covered"]
        == 100
    )
    assert done.record["stages"][0]["details"] == {"tests": 1, "skipped": 0, "coverage": 100.0}


@pytest.mark.parametrize(
    "addopts", ["-n 2", "--cov=calc --cov-fail-under=100 --cov-report=term", "-n 2 --cov --cov-report=xml"]
)
def test_what_the_apps_own_options_do_takes_no_line_away(repo: Repository, addopts: str) -> None:
    """Workers are processes of their own, and a plugin that measures takes the lines from who did before."""
    repo.write("requirements-test.txt", pins().replace("coverage==", "coverage[toml]==") + PYTEST_COV)
    settings = repo.write("pytest.ini", f"[pytest]\naddopts = {addopts}\n")
    try:
        done = repo.run("unit")
    finally:
        settings.unlink()
        repo.write("requirements-test.txt", pins())
    assert done.code == 0, done.output
    assert "1 unit tests passed, 100% of the lines covered" in done.output
    assert not list(done.evidence("coverage.json").parent.glob("coverage.data.*"))


def test_what_a_test_starts_is_measured(repo: Repository) -> None:
    repo.write("tests/unit/test_calc.py", STARTS_A_PROCESS)
    done = repo.run("unit")
    assert done.code == 0, done.output
    assert "100% of the lines covered" in done.output


def test_where_nothing_could_be_measured_the_tests_are_not_accused(repo: Repository) -> None:
    settings = repo.write("pyproject.toml", '[tool.coverage.run]\nsource = ["elsewhere"]\n')
    try:
        done = repo.run("unit")
    finally:
        settings.unlink()
    assert done.code == 1, done.output
    assert "coverage measured none of the app's lines, though its tests ran" in done.output
    assert "[tool.coverage.run] source" in done.output


def test_options_of_the_callers_shell_change_nothing(repo: Repository, tmp_path: Path) -> None:
    hostile = {"PYTEST_ADDOPTS": "--collect-only", "PIP_TARGET": str(tmp_path / "x"), "PIP_USER": "1"}
    hostile |= {"COVERAGE_FILE": str(tmp_path / "y"), "PYTHONOPTIMIZE": "2", "COVERAGE_RCFILE": "/nowhere"}
    repo.write(
        "requirements.txt",
        "h11==0.16.0 --hash=sha256:4e35b956cf45792e4caa5885e69fba00bdbc6ffafbfa020300e549b208ee5ff1\n",
    )
    repo.write("tests/unit/test_calc.py", "import h11\n\n" + TEST.replace("== 3", "== 3 + (not h11)"))
    done = repo.run("unit", env=hostile)
    assert done.code == 0, done.output
    assert "1 unit tests passed, 100%" in done.output
    assert not (tmp_path / "x").exists()


def test_a_failing_test_is_named_with_its_reason_and_place(repo: Repository) -> None:
    repo.write("tests/unit/test_calc.py", TEST.replace("== 3", "== 4"))
    done = repo.run("unit")
    assert done.code == 1, done.output
    assert (
        "1 of 1 unit tests failed: tests.unit.test_calc.test_add (tests/unit/test_calc.py:5): assert 3 == 4"
        in (done.output)
    )
    assert "-m pytest tests/unit" in done.output[done.output.index("fix:") :]


def test_a_module_that_cannot_be_imported_is_named(repo: Repository) -> None:
    repo.write("tests/unit/test_calc.py", "import nothing_of_that_name\n")
    done = repo.run("unit")
    assert done.code == 1, done.output
    assert "ModuleNotFoundError: No module named 'nothing_of_that_name'" in done.output.split("why:")[1]


@pytest.mark.parametrize("test", ["", "import pytest\npytest.skip('later', allow_module_level=True)\n"])
def test_no_tests_are_not_a_pass(repo: Repository, test: str) -> None:
    repo.write("tests/unit/test_calc.py", test)
    done = repo.run("unit")
    assert done.code == 1, done.output


def test_only_skipped_tests_are_not_a_pass(repo: Repository) -> None:
    repo.write("tests/unit/test_calc.py", "import pytest\n\n\n@pytest.mark.skip\ndef test_a():\n    pass\n")
    done = repo.run("unit")
    assert done.code == 1, done.output
    assert "1 of 1 tests were skipped" in done.output


def test_no_folder_of_tests_is_not_a_pass(repo: Repository) -> None:
    (repo.app / "tests/unit").rename(repo.app / "tests/other")
    try:
        done = repo.run("unit")
    finally:
        (repo.app / "tests/other").rename(repo.app / "tests/unit")
    assert done.code == 1, done.output
    assert "there are no unit tests in" in done.output


def test_too_little_coverage_names_the_files_with_most_missing(repo: Repository) -> None:
    repo.write("unused.py", "\n".join(f"VALUE_{number} = {number}" for number in range(20)) + "\n")
    try:
        done = repo.run("unit")
    finally:
        (repo.app / "unused.py").unlink()
    assert done.code == 1, done.output
    assert "the floor is 90%: missing in unused.py (20 lines)" in done.output


def test_secrets_do_not_get_into_the_report(repo: Repository) -> None:
    secret = "canary-4711-value"
    repo.write(
        "tests/unit/test_calc.py",
        "import os\n\n\ndef test_a():\n    assert not os.environ['EKS_TOKEN_TEST']\n",
    )
    done = repo.run("unit", env={"EKS_TOKEN_TEST": secret})
    assert done.code == 1, done.output
    assert secret not in done.output
    assert all(
        secret not in file.read_text(encoding="utf-8", errors="replace")
        for file in repo.root.glob(".pipeline/runs/**/*")
        if file.is_file()
    )


def test_without_pytest_among_the_pins_it_is_misuse(repo: Repository) -> None:
    test_pins = repo.app / "requirements-test.txt"
    text = test_pins.read_text(encoding="utf-8")
    repo.write("requirements-test.txt", "# nothing\n")
    try:
        done = repo.run("unit")
    finally:
        test_pins.write_text(text, encoding="utf-8")
    assert done.code == 2, done.output
    assert "do not pin coverage and pytest" in done.output


def test_packages_that_cannot_be_installed_fail_with_pips_words(repo: Repository) -> None:
    repo.write("requirements.txt", f"coverage==7.17.3 --hash=sha256:{'0' * 64}\n")
    done = repo.run("unit", env={"PIP_NO_INDEX": "1"})
    assert done.code == 1, done.output
    assert "the packages of tiny could not be installed" in done.output


def test_other_commands_decide_by_their_exit_code(repo: Repository) -> None:
    repo.configure(f"unit = [{json.dumps([sys.executable, '-c', 'raise SystemExit(3)'])}]")
    done = repo.run("unit")
    assert done.code == 1, done.output
    assert "ended with exit code 3" in done.output
    repo.configure(f"unit = [{json.dumps([sys.executable, '-c', 'print(1)'])}]")
    done = repo.run("unit")
    assert done.code == 1, done.output
    assert "the floor is 90% of the lines, and nothing measured which of them" in done.output


def test_nothing_is_left_in_the_apps_folder(repo: Repository) -> None:
    before = {file for file in repo.app.rglob("*") if "__pycache__" not in file.parts}
    assert repo.run("unit").code == 0
    after = {file for file in repo.app.rglob("*") if "__pycache__" not in file.parts}
    assert after == before
    assert not list(Path(repo.root).glob(".coverage*"))
