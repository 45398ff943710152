"""A suite's command and the judgement of its report: pure."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.base.outcome import Kind
from toolkit.base.tools import Ran, Raw
from toolkit.settings.elsewhere import Code
from toolkit.settings.model import Suite
from toolkit.suites import by_pytest, report

CODE = Code(Path("/repo/apps/submitter"), Path("/repo/apps/submitter/tests/smoke"))


def junit(tmp_path: Path, cases: str) -> Path:
    report = tmp_path / "report.xml"
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    return report


def ran(code: int) -> Ran:
    return Ran(("pytest",), code, Raw("line one\nline two\n"), 1.5)


def test_the_command_is_this() -> None:
    argv = by_pytest.command(Path("/v/bin/python"), CODE, Suite("tests/smoke", workers=4), Path("/e/r.xml"))
    assert argv == [
        *("/v/bin/python", "-m", "pytest", "/repo/apps/submitter/tests/smoke", "--junitxml=/e/r.xml"),
        *("--rootdir", "/repo/apps/submitter", "-ra", "--tb=short", "-p", "no:cacheprovider"),
        *("-p", "fb_selection", "-n", "4", "--maxschedchunk", "1"),
    ]


@pytest.mark.parametrize(
    ("cases", "code", "kind", "words"),
    [
        ('<testcase classname="a" name="b"/>', 0, Kind.PASSED, "1 smoke tests passed"),
        (
            '<testcase classname="t.test_x" name="test_y">'
            '<failure message="assert 1 == 2&#10;more"/></testcase>',
            1,
            Kind.FAILED,
            "1 of 1 smoke tests failed: t.test_x::test_y: assert 1 == 2",
        ),
        (
            '<testcase classname="t" name="y"><error message="no such fixture"/></testcase>',
            1,
            Kind.FAILED,
            "t::y: no such fixture",
        ),
        ("", 5, Kind.FAILED, "ran no test at all"),
        ('<testcase classname="t" name="y"><skipped/></testcase>', 0, Kind.FAILED, "ran no test at all"),
        ('<testcase classname="t" name="y"/>', 3, Kind.FAILED, "ended with code 3"),
    ],
)
def test_a_report_is_judged(tmp_path: Path, cases: str, code: int, kind: Kind, words: str) -> None:
    outcome = report.judge("smoke", ran(code), report.read(junit(tmp_path, cases)))
    assert outcome.kind is kind
    assert words in outcome.reason


@pytest.mark.parametrize("content", [None, "", "<testsuite>"])
def test_no_report_is_a_failure(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "r.xml"
    if content is not None:
        file.write_text(content)
    outcome = report.judge("smoke", ran(2), report.read(file))
    assert outcome.kind is Kind.FAILED
    assert "left no report" in outcome.reason
    assert outcome.evidence == ("line one", "line two")


def test_many_failures_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    case = '<testcase classname="t" name="n{}"><failure message="m"/></testcase>'
    outcome = report.judge(
        "smoke", ran(1), report.read(junit(tmp_path, "".join(case.format(n) for n in range(9))))
    )
    assert outcome.reason.startswith("9 of 9 smoke tests failed: t::n0: m")
    assert outcome.reason.endswith("and 4 more")


def test_a_suite_that_was_killed_has_found_nothing_against_the_app(tmp_path: Path) -> None:
    for result in (
        report.read(tmp_path / "none.xml"),
        report.read(junit(tmp_path, '<testcase classname="a" name="b"/>')),
    ):
        outcome = report.judge("smoke", ran(-9), result)
        assert (outcome.kind, outcome.reason) == (Kind.FAILED, "the smoke suite was killed by signal 9")
        assert outcome.is_inconclusive
    assert not report.judge("smoke", ran(1), report.read(tmp_path / "none.xml")).is_inconclusive
