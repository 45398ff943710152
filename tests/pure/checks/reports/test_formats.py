"""What the reports of test runners say, as these wrote them: pytest, RSpec, Node, Jest, Go, Surefire; TAP."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from toolkit.base.redaction import Secret
from toolkit.checks.reports import opening, tables
from toolkit.checks.reports.opening import NotReadable
from toolkit.checks.reports.tested import Tests, place_in

from tests import ROOT

SAMPLES = ROOT / "tests/pure/cases/reports"
BOMB = """<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<testsuite><testcase name="&b;"/></testsuite>"""


def read(format: str, text: str, folder: Path) -> Tests:
    file = folder / "report"
    file.write_text(text, encoding="utf-8")
    return tables.tests(format, [file], Path("/app"))


PYTEST = """<?xml version="1.0"?><testsuites><testsuite>
<testcase classname="tests.unit.test_a" name="test_ok" time="0.25"/>
<testcase classname="tests.unit.test_a" name="test_skipped"><skipped message="later"/></testcase>
<testcase classname="tests.unit.test_a" name="test_bad">
<failure message="AssertionError: 3 is not 4&#10;assert 3 == 4">def test_bad():
&gt;       helper(3)

tests/unit/test_a.py:9:
E       AssertionError: 3 is not 4

tests/unit/helpers.py:2: AssertionError</failure></testcase>
<testcase classname="" name="tests.unit.test_b"><error message="collection failure"
>ImportError while importing test module.
E   ModuleNotFoundError: No module named 'nothing'</error></testcase>
<testcase classname="tests.unit.test_c" name="test_c"><error message="failed on setup with &quot;x&quot;"
>tests/unit/test_c.py:3: in fixture
E   RuntimeError: no database</error></testcase>
</testsuite></testsuites>"""


def test_pytest_counts_and_says_why_and_where(tmp_path: Path) -> None:
    report = read("junit", PYTEST, tmp_path)
    assert (report.total, report.skipped, report.ran) == (5, 1, 4)
    assert [case.seconds for case in report.cases][:2] == [0.25, 0.0]
    assert [str(each) for each in report.failed] == [
        "tests.unit.test_a.test_bad (tests/unit/helpers.py:2): AssertionError: 3 is not 4",
        "tests.unit.test_b: ModuleNotFoundError: No module named 'nothing'",
        "tests.unit.test_c.test_c (tests/unit/test_c.py:3): RuntimeError: no database",
    ]


@pytest.mark.parametrize(
    ("sample", "counts", "failed"),
    [
        (
            "node.junit.xml",
            (5, 2),
            [
                "test.adds badly (a.test.js:6): Expected values to be strictly equal:3 !== 4",
                "test.inner (a.test.js:10): inner broke",
            ],
        ),
        (
            "node.tap",
            (5, 1),
            [
                "adds badly (a.test.js:6): Expected values to be strictly equal:",
                "group.inner (a.test.js:10): inner broke",
            ],
        ),
        (
            "rspec.junit.xml",
            (3, 1),
            [
                "spec.models.form_spec.Form adds up (spec/support/helpers.rb:7): "
                "expected: 4 got: 3 (compared using ==)"
            ],
        ),
        (
            "jest.junit.xml",
            (1, 0),
            [
                "add adds.add adds (src/add.test.js:4): "
                "Error: expect(received).toBe(expected) // Object.is equality"
            ],
        ),
        (
            "go.junit.xml",
            (1, 0),
            ["example.test/calc.TestAdd (calc_test.go:7): calc_test.go:7: got 3, want 4"],
        ),
        (
            "surefire.junit.xml",
            (2, 0),
            ["org.example.FormTest.adds (FormTest.java:12): expected: <4> but was: <3>"],
        ),
    ],
)
def test_failing_tests_are_named_with_message_and_line_whatever_the_runner(
    sample: str, counts: tuple[int, int], failed: list[str]
) -> None:
    format = "tap" if sample.endswith(".tap") else "junit"
    report = tables.tests(format, [SAMPLES / sample], Path("/app"))
    assert (report.total, report.skipped) == counts
    assert [str(case) for case in report.failed] == failed


def test_seconds_with_groups_of_thousands_are_read() -> None:
    report = tables.tests("junit", [SAMPLES / "surefire.junit.xml"])
    assert [case.seconds for case in report.cases] == [1234.1, 0.1]


def test_several_reports_of_one_run_count_together() -> None:
    report = tables.tests("junit", [SAMPLES / "surefire.junit.xml", SAMPLES / "go.junit.xml"])
    assert (report.total, len(report.failed)) == (3, 2)


@pytest.mark.parametrize(
    ("xml", "why"),
    [
        (
            '<testsuite name="s" tests="1" failures="2"><testcase name="a"/></testsuite>',
            "s: 2 failures that the",
        ),
        ('<testsuite name="s"><error message="boot failed"/></testsuite>', "s: boot failed"),
    ],
)
def test_what_failed_outside_of_any_test_is_no_pass(tmp_path: Path, xml: str, why: str) -> None:
    (failed,) = read("junit", xml, tmp_path).failed
    assert str(failed).startswith(why)


@pytest.mark.parametrize(
    ("tap", "counts", "failed"),
    [
        ("1..2\nok 1 - a\nnot ok 2 - b\n# at b_spec.rb:7\n", (2, 0), ["b (b_spec.rb:7): at b_spec.rb:7"]),
        ("TAP version 12\nok 1\nok 2 # SKIP no time\n1..2\n", (2, 1), []),
        ("TAP version 14\n1..1\nnot ok 1 - a # TODO later\n", (1, 0), []),
        ("1..0 # SKIP nothing here\n", (0, 0), []),
        ("1..3\nok 1\n", (1, 0), ["the run: 3 tests were planned and 1 reported"]),
        ("ok 1\nok 2\n", (2, 0), ["the run: has 0 plans (1..N), so it may have broken off"]),
        ("1..2\nok 1\nBail out! no database\n", (1, 0), ["the run: bailed out: no database"]),
        (
            "TAP version 13\n1..1\nnot ok 1 - a\n  ---\n  message: 3 is not 4\n"
            "  at:\n    file: test/a.js\n    line: 5\n  ...\n",
            (1, 0),
            ["a (test/a.js:5): 3 is not 4"],
        ),
        ("TAP version 13\n1..1\nnot ok 1 - a\n  ---\n  [broken: yaml\n  ...\n", (1, 0), ["a: no message"]),
        (
            "TAP version 14\n1..1\n    1..2\n    ok 1 - x\n    not ok 2 - y\nnot ok 1 - a\n",
            (2, 0),
            ["a.y: no message"],
        ),
        ("1..1\n    1..1\n    ok 1 - x\nnot ok 1 - a\n# after hook\n", (2, 0), ["a: after hook"]),
    ],
)  # fmt: skip
def test_tap_of_all_versions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tap: str, counts: tuple[int, int], failed: list[str]
) -> None:
    report = read("tap", tap, tmp_path)
    assert (report.total, report.skipped) == counts
    assert [str(case) for case in report.failed] == failed
    assert capsys.readouterr().out == "", "the library's own words are nothing to a person"


@pytest.mark.parametrize(
    ("format", "text", "why"),
    [
        ("junit", "<testsuite><testcase", "is broken XML (JUnit XML was expected)"),
        ("junit", "<coverage/>", "is not JUnit XML: it begins with <coverage>"),
        ("junit", "not xml at all", "is broken XML"),
        ("junit", "", "is empty"),
        ("junit", BOMB, "declares an entity (a), which no report needs"),
        ("junit", '<?xml version="1.0" encoding="no-such"?><testsuite/>', "is broken XML"),
        ("tap", "<testsuite/>", "is not TAP: there is neither a plan"),
        ("tap", "hello\nworld\n", "is not TAP"),
    ],
)
def test_a_report_that_is_none_is_one_sentence(tmp_path: Path, format: str, text: str, why: str) -> None:
    with pytest.raises(NotReadable) as raised:
        read(format, text, tmp_path)
    assert why in raised.value.reason
    assert "\n" not in raised.value.reason


def test_external_entities_read_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary-4711")
    text = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]><testsuite><testcase name="&e;"/></testsuite>'
    with pytest.raises(NotReadable, match="declares an entity"):
        read("junit", text, tmp_path)


def test_a_report_that_is_missing_no_file_or_huge_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotReadable, match=r"there is no report \(JUnit XML\) at"):
        tables.tests("junit", [tmp_path / "none"])
    with pytest.raises(NotReadable, match="is no file"):
        tables.tests("junit", [tmp_path])
    file = tmp_path / "huge"
    with file.open("wb") as made:
        made.truncate(opening.LARGEST + 1)
    with pytest.raises(NotReadable, match="has 67 MB; of a report 67 MB are read"):
        tables.tests("junit", [file])


def test_secrets_are_taken_out_of_a_report_even_where_xml_escapes_them(tmp_path: Path) -> None:
    Secret("canary&<4711>")
    file = tmp_path / "r.xml"
    file.write_text(
        '<testsuite><testcase name="a"><failure message="canary&amp;&lt;4711&gt;">canary&amp;&lt;4711&gt;'
        "</failure></testcase></testsuite>"
    )
    opening.without_secrets(file)
    assert "4711" not in file.read_text()
    assert tables.tests("junit", [file]).failed[0].why == "***"


def test_a_place_is_found_in_paths_with_spaces_and_in_no_long_time() -> None:
    assert place_in("at x (file:///my%20clone/a.test.js:5:10)") == "/my clone/a.test.js:5"
    assert place_in("/my clone/a.test.js:5:1") == "/my clone/a.test.js:5"
    assert place_in("# /my clone/spec/a_spec.rb:3:in `block'") == "/my clone/spec/a_spec.rb:3"
    began = time.process_time()
    assert place_in("/a" * 1_000_000 + "\n") == ""
    assert place_in("x" * 1_000_000 + "\nat a.test.js:5:1") == "a.test.js:5"
    assert time.process_time() - began < 5
