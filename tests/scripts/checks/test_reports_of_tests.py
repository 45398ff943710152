"""unit with rows that leave a report of tests, of coverage, or none."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.scripts.checks.reporting import SAMPLES, copy, row, stage
from tests.scripts.tiny_app import Done, Repository, repository

NO_FLOOR = "the floor is 90% of the lines, and nothing measured which of them the tests cover"
PASSES = '<testsuite name="s"><testcase classname="a" name="b"/></testsuite>'
COVERED = "SF:calc.js\nDA:1,1\nend_of_record\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return repository(tmp_path)


def test_a_report_of_an_earlier_run_is_never_read(repo: Repository) -> None:
    (repo.app / "old.xml").write_text(PASSES)
    done = stage(repo, "unit", row("true", format="junit", report="old.xml"))
    assert done.code == 1, done.output
    assert "and left no report: JUnit XML was expected at" in done.output
    assert not (repo.app / "old.xml").exists()


def test_a_file_of_the_repository_is_no_report(repo: Repository) -> None:
    for argv in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *argv], cwd=repo.root, check=True)
    for path, why in (("calc.py", "is committed, so it is no report"), ("../x.xml", "must lie in the app's")):
        done = stage(repo, "unit", row("true", format="junit", report=path))
        assert done.code == 2, done.output
        assert why in done.output
    assert (repo.app / "calc.py").is_file()
    new = repo.write("pom.xml", "<project/>")
    done = stage(repo, "unit", row("true", format="junit", report="*.xml"))
    assert done.code == 2, done.output
    assert "is no report of tests, and `report` says *.xml" in done.output
    assert new.is_file(), "work that is not committed yet"
    (repo.app / "coverage").mkdir()
    done = stage(repo, "unit", row("true", coverage="coverage"))
    assert done.code == 2, done.output
    assert "is a folder, where the report of a command is to lie" in done.output


@pytest.mark.parametrize(
    ("sample", "format", "why"),
    [
        ("rspec.junit.xml", "junit", "1 of 3 unit tests failed: spec.models.form_spec.Form adds up (spec"),
        ("node.tap", "tap", "2 of 5 unit tests failed: adds badly (/app/a.test.js:6): Expected values"),
    ],
)  # fmt: skip
def test_failing_tests_are_named_whatever_the_runner(
    repo: Repository, sample: str, format: str, why: str
) -> None:
    for code in (0, 1):
        done = stage(repo, "unit", row(copy(sample, code), format=format))
        assert done.code == 1, done.output
        assert why in done.output


@pytest.mark.parametrize(
    ("report", "code", "why"),
    [
        ("<testsuite/>", 0, "no test ran: there is no test in its report"),
        ("<testsuite><testcase><skipped/></testcase></testsuite>", 0, "all 1 of its tests were skipped"),
        (PASSES, 3, "ended with exit code 3, though its report names no test that failed"),
        ("<testsuite", 0, "is broken XML (JUnit XML was expected)"),
        ("", 0, "is empty, where a report (JUnit XML) was expected"),
    ],
)  # fmt: skip
def test_tests_that_did_not_run_or_not_to_their_end_are_no_pass(
    repo: Repository, report: str, code: int, why: str
) -> None:
    written = f"printf %s {shlex.quote(report)} > {{report}}; exit {code}"
    done = unit(repo, 0, row(written, format="junit"))
    assert done.code == 1, done.output
    assert why in done.output


def unit(repo: Repository, floor: int, *rows: str) -> Done:
    """The unit stage with these rows, and a floor in place of the one of 90%."""
    repo.configure()
    file = repo.root / "apps.toml"
    said = f"coverage = {floor}\nunit = [{', '.join(rows)}]\n"
    file.write_text(file.read_text().replace("coverage = 90\n", said))
    return repo.run("unit")


def test_a_floor_that_nothing_measures_is_not_reached(repo: Repository) -> None:
    passing = f"printf %s {shlex.quote(PASSES)} > {{report}}"
    done = unit(repo, 90, row(passing, format="junit"))
    assert done.code == 1, done.output
    assert NO_FLOOR in done.output
    done = unit(repo, 0, row(passing, format="junit"))
    assert done.code == 0, done.output
    assert "1 unit tests passed" in done.output
    measured = f"{passing}; mkdir -p out; printf %s {shlex.quote(COVERED)} > out/lcov.info"
    done = unit(repo, 90, row(measured, format="junit", coverage="out/lcov.info"))
    assert done.code == 0, done.output
    assert "1 unit tests passed, 100% of the lines covered" in done.output
    assert done.record["stages"][0]["details"] == {"tests": 1, "skipped": 0, "coverage": 100.0}


def test_a_floor_is_applied_whatever_measured(repo: Repository) -> None:
    resultset = shlex.quote(str(SAMPLES / "cobertura.xml"))
    code = f"printf %s {shlex.quote(PASSES)} > {{report}}; mkdir -p coverage; cp {resultset} coverage/c.xml"
    done = unit(repo, 90, row(code, format="junit", coverage="coverage/c.xml"))
    assert done.code == 1, done.output
    assert "cover 66.6% of the lines, the floor is 90%: missing in lib/a.rb (1 lines)" in done.output
    done = unit(repo, 90, row("true", coverage="{reports}/none.xml"))
    assert done.code == 1, done.output
    assert "and left no report: a report of coverage was expected at" in done.output
    done = unit(repo, 90, row("echo 'mode: set' > {reports}/c.out", coverage="{reports}/c.out"))
    assert done.code == 1, done.output
    assert "counts no line, so nothing is known of what the tests cover" in done.output


def test_a_report_may_be_what_is_printed_and_several_files(repo: Repository) -> None:
    tap = "1..2\\nok 1 - a\\nok 2 - b\\n"
    done = unit(repo, 0, row(f"printf '{tap}'; echo noise >&2", format="tap", report="-"))
    assert done.code == 0, done.output
    assert "2 unit tests passed" in done.output
    done = unit(repo, 0, row("true", format="tap", report="-"))
    assert done.code == 1, done.output
    assert "is empty, where a report (TAP) was expected" in done.output
    each = f"mkdir -p target; for n in 1 2; do printf %s {shlex.quote(PASSES)} > target/TEST-$n.xml; done"
    done = unit(repo, 0, row(each, format="junit", report="target/TEST-*.xml"))
    assert done.code == 0, done.output
    assert "2 unit tests passed" in done.output


def test_a_secret_that_a_test_prints_is_not_in_the_report_that_is_kept(repo: Repository) -> None:
    repo.configure(
        "unit = ["
        + row("echo \"<testsuite><testcase name='$EKS_TOKEN_TEST'/></testsuite>\" > {report}", format="junit")
        + ']\nvariables = ["EKS_TOKEN_TEST"]'
    )
    done = repo.run("unit", env={"EKS_TOKEN_TEST": "canary-4711-value"})
    assert "canary-4711" not in done.output
    assert "***" in done.evidence("unit-1.xml").read_text()
