"""SARIF 2.1.0, read and written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Failed
from toolkit.checks.reports import sarif
from toolkit.checks.reports.findings import Finding
from toolkit.checks.reports.findings import sarif as written
from toolkit.checks.reports.opening import NotReadable

from tests import ROOT

APP = Path("/app")


def log(folder: Path, *runs: Any, version: str = "2.1.0") -> Path:
    file = folder / "r.sarif"
    file.write_text(json.dumps({"version": version, "runs": list(runs)}))
    return file


def test_results_are_findings_with_what_their_rules_say() -> None:
    tools, found = sarif.read(ROOT / "tests/pure/cases/reports/codeql.sarif", APP)
    assert tools == ("CodeQL",)
    assert [str(each) for each in found] == [
        "app/models/form.rb:12: rb/sql-injection This query depends on a user-provided value.",
        "app/a b.rb:3: rb/x md5 is used in Form",
        "lib/c.rb: rb/y passed over",
    ]
    assert [each.severity for each in found] == ["HIGH", "LOW", "MEDIUM"]
    assert [each.inline for each in found] == [False, False, True]
    assert found[0].link == "https://codeql.github.com/x"


def test_a_tool_that_found_nothing_says_that_it_ran(tmp_path: Path) -> None:
    run = {"tool": {"driver": {"name": "x"}}, "results": []}
    assert sarif.read(log(tmp_path, run), APP) == (("x",), [])
    with pytest.raises(NotReadable, match="has no runs"):
        sarif.read(log(tmp_path), APP)


def test_a_tool_that_broke_off_is_not_clean(tmp_path: Path) -> None:
    invocation = {
        "executionSuccessful": False,
        "toolExecutionNotifications": [{"level": "error", "message": {"text": "out of memory"}}],
    }
    run = {"tool": {"driver": {"name": "x"}}, "results": [], "invocations": [invocation]}
    with pytest.raises(Failed, match="x says in its report that it did not come to its end: out of memory"):
        sarif.read(log(tmp_path, run), APP)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{broken", "is no JSON"),
        ("[]", "is not SARIF"),
        ('{"version": "1.0.0", "runs": []}', "is SARIF 1.0.0"),
        ('{"version": "2.1.0", "runs": [{}]}', "'tool' is missing"),
        ('{"runs": []}', "'version' is missing"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_no_sarif_is_one_sentence(tmp_path: Path, content: str, why: str) -> None:
    file = tmp_path / "r.sarif"
    file.write_text(content)
    with pytest.raises(NotReadable, match=why):
        sarif.read(file, APP)


def test_what_is_written_can_be_read_again(tmp_path: Path) -> None:
    found = Finding("rubocop", "Style/X", "bad", "a b.rb", 3, severity="LOW", link="https://x")
    file = tmp_path / "r.sarif"
    file.write_text(json.dumps(written([found], ("eslint", "rubocop"))))
    assert sarif.read(file, APP) == (("eslint", "rubocop"), [found])
