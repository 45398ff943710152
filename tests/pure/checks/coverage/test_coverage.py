"""What was covered, in every format that is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from toolkit.checks.coverage import tables
from toolkit.checks.coverage.measured import Coverage
from toolkit.checks.reports.opening import NotReadable

from tests import ROOT

SAMPLES = ROOT / "tests/pure/cases/reports"
APP = Path("/app")


def write(folder: Path, content: Any) -> Path:
    file = folder / "report"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("sample", "percent", "missing"),
    [
        (
            "cobertura.xml",
            66.6,
            (("lib/a.rb", 1),),
        ),  # with the DOCTYPE that coverage.py writes, and without its net
        ("simplecov.coverage.json", 66.6, (("lib/a.rb", 1),)),
        ("simplecov.resultset.json", 100, ()),  # what RSpec did not run, Cucumber did
        ("node.lcov", 92.8, (("calc.js", 1),)),
        ("go.coverprofile", 50, (("example.test/calc/calc.go", 1),)),
    ],
)
def test_each_format_is_known_by_what_is_in_it(
    sample: str, percent: float, missing: tuple[tuple[str, int], ...]
) -> None:
    found = tables.read(SAMPLES / sample, APP)
    assert found is not None
    assert (str(found), found.missing) == (f"{percent:g}%", missing)


def test_coverage_names_the_files_with_most_missing(tmp_path: Path) -> None:
    summaries = {"a.py": 1, "b.py": 9, "c.py": 0}
    files = {name: {"summary": {"missing_lines": lines}} for name, lines in summaries.items()}
    found = tables.read(write(tmp_path, {"files": files, "totals": {"percent_covered": 89.96}}), APP)
    assert found is not None
    assert found.files() == "b.py (9 lines), a.py (1 lines)"
    assert str(found) == "89.9%", "never rounded up over a floor that it misses"


@pytest.mark.parametrize(
    "content",
    [
        {"files": {}, "totals": {"percent_covered": 100, "num_statements": 0}},
        {"RSpec": {"coverage": {}, "timestamp": 1}},
        "<coverage line-rate='1'><packages/></coverage>",
        "mode: set\n",
    ],
)
def test_a_report_in_which_no_line_counts_measured_nothing(tmp_path: Path, content: Any) -> None:
    assert tables.read(write(tmp_path, content), APP) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is empty"),
        ("{broken", "is no JSON"),
        ("[]", "is none of coverage as Cobertura XML"),
        ("{}", "is none of"),
        ({"a": 1}, "is none of"),
        ("<coverage", "broken XML"),
        ("<testsuite/>", "is not Cobertura XML: it begins with <testsuite>"),
        ("<coverage><class filename='a'><line number='1'/></class></coverage>", "'hits' is missing"),
        ({"RSpec": {"coverage": {"a.rb": {"lines": ["many"]}}}}, "is not SimpleCov's JSON"),
        ({"files": {"a": {}}, "totals": {}}, "is not coverage.py's JSON: 'summary' is missing"),
        ('{"files": {"a": {"summary": {"missing_lines": 0}}}, "totals": {"percent_covered": NaN}}', "is nan"),
        ("mode: set\nbroken\n", "is not a Go cover profile"),
        ("SF:a\nDA:1\n", "is not an lcov tracefile"),
    ],
)
def test_what_is_no_report_of_coverage_is_one_sentence(tmp_path: Path, content: Any, why: str) -> None:
    with pytest.raises(NotReadable, match=why) as raised:
        tables.read(write(tmp_path, content), APP)
    assert "\n" not in raised.value.reason


def test_a_percentage_is_of_lines() -> None:
    assert str(Coverage(100.0, ())) == "100%"
