"""What the reports of ruff, bandit and safety say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Failed
from toolkit.base.redaction import Raw
from toolkit.checks.linters import ruff
from toolkit.checks.reports.findings import Finding
from toolkit.checks.requirements import Requirement
from toolkit.checks.security import bandit, safety


def write(folder: Path, content: Any, name: str = "report") -> Path:
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("argv", "subcommand"),
    [
        (["ruff", "check", "/a"], "check"),
        (["/venv/bin/ruff", "format", "--check", "/a"], "format --check"),
        (["/usr/bin/python", "-m", "ruff", "check", "/a"], "check"),
        (["ruff", "format", "/a"], ""),
        (["ruff", "check", "--output-format=github", "/a"], ""),
        (["mypy", "check"], ""),
    ],
)
def test_ruffs_own_commands_are_recognised(argv: list[str], subcommand: str) -> None:
    assert ruff.subcommand(argv) == subcommand


def test_ruff_is_run_once_for_screen_and_record(tmp_path: Path) -> None:
    assert ruff.reporting(["ruff", "check", "/a"], tmp_path / "r.json") == [
        "ruff",
        "check",
        "/a",
        "--output-format=json",
        f"--output-file={tmp_path / 'r.json'}",
    ]
    assert ruff.reporting(["ruff", "format", "--check", "/a"], tmp_path / "r.json") == [
        "ruff",
        "format",
        "--check",
        "/a",
        "--output-format=concise",
    ]


def test_ruffs_findings(tmp_path: Path) -> None:
    row = {
        "code": "F401",
        "message": "`os` unused",
        "filename": "/app/a.py",
        "location": {"row": 3, "column": 1},
    }
    broken = {**row, "code": None, "message": "Expected an expression"}
    report = write(tmp_path, [{**row, "url": "https://docs"}, broken])
    assert ruff.checked(report, Path("/app")) == [
        Finding("ruff", "F401", "`os` unused", "a.py", 3, link="https://docs"),
        Finding("ruff", "syntax", "Expected an expression", "a.py", 3),
    ]
    said = Raw("C:1:x.py:2:1: unformatted: File would be reformatted\n1 file would be reformatted\n")
    assert ruff.formatted(said) == [Finding("ruff", "format", "is not formatted", "C:1:x.py", 2)]


BANDIT = {
    "errors": [],
    "metrics": {"_totals": {"loc": 10}},
    "results": [
        {
            "test_id": "B602",
            "test_name": "subprocess_popen_with_shell_equals_true",
            "issue_text": "shell=True",
            "issue_severity": "HIGH",
            "issue_confidence": "MEDIUM",
            "filename": "./app/a.py",
            "line_number": 5,
            "more_info": "https://docs",
        }
    ],
}


def test_bandits_findings(tmp_path: Path) -> None:
    (found,) = bandit.read(write(tmp_path, BANDIT), 1)
    assert (found.id, found.place, found.severity) == ("B602", "app/a.py:5", "HIGH")
    assert found.aliases == ("subprocess_popen_with_shell_equals_true",)


@pytest.mark.parametrize(
    ("change", "code", "why"),
    [
        ({}, 0, "exit code 0 and 1 findings"),
        ({"results": []}, 1, "exit code 1 and 0 findings"),
        ({}, 2, "exit code 2"),
        (
            {"errors": [{"filename": "a.py", "reason": "syntax error"}]},
            1,
            "could not read a.py: syntax error",
        ),
        ({"results": [], "metrics": {"_totals": {"loc": 0}}}, 0, "no Python code"),
    ],
)
def test_a_bandit_that_did_not_scan_everything_is_not_clean(
    tmp_path: Path, change: dict[str, Any], code: int, why: str
) -> None:
    with pytest.raises(Failed, match=why):
        bandit.read(write(tmp_path, {**BANDIT, **change}), code)


PIN = Requirement("jinja2", "2.10", False, Path("/app/requirements.txt"), 3, "jinja2==2.10")
SAFETY = {
    "scanned_packages": {"jinja2": {"requirements": [{"specifier": "==2.10"}]}},
    "ignored_vulnerabilities": [],
    "vulnerabilities": [
        {
            "vulnerability_id": "39525",
            "package_name": "Jinja2",
            "analyzed_version": "2.10",
            "vulnerable_spec": ["<2.11.3"],
            "advisory": "ReDoS\n  in urlize",
            "CVE": "CVE-2020-28493",
            "more_info_url": "",
        }
    ],
}


def test_safetys_findings_point_at_the_pin(tmp_path: Path) -> None:
    (found,) = safety.read(write(tmp_path, SAFETY), safety.FOUND, [PIN], Path("/app"))
    assert str(found) == (
        "requirements.txt:3: 39525 CVE-2020-28493 jinja2 2.10 (affected: <2.11.3): ReDoS in urlize"
    )
    assert found.package == "jinja2"


def test_what_safety_ignores_by_itself_is_still_a_finding(tmp_path: Path) -> None:
    ignored = {**SAFETY, "vulnerabilities": [], "ignored_vulnerabilities": SAFETY["vulnerabilities"]}
    assert len(safety.read(write(tmp_path, ignored), 0, [PIN], Path("/app"))) == 1


@pytest.mark.parametrize(
    ("change", "code", "why"),
    [
        ({}, 0, "exit code 0 and 1 findings"),
        ({"vulnerabilities": []}, safety.FOUND, "exit code 64 and 0 findings"),
        ({}, 1, "exit code 1"),
        ({"vulnerabilities": [], "scanned_packages": {}}, 0, "passed over 1 of 1 requirements"),
    ],
)
def test_a_safety_that_did_not_look_at_everything_is_not_clean(
    tmp_path: Path, change: dict[str, Any], code: int, why: str
) -> None:
    with pytest.raises(Failed, match=why):
        safety.read(write(tmp_path, {**SAFETY, **change}), code, [PIN], Path("/app"))


@pytest.mark.parametrize("content", [None, "", "{broken", "[]", "{}"])
def test_no_readable_report_is_a_failure(tmp_path: Path, content: str | None) -> None:
    report = tmp_path / "report"
    if content is not None:
        write(tmp_path, content)
    for read in (
        lambda: bandit.read(report, 0),
        lambda: safety.read(report, 0, [PIN], Path("/app")),
    ):
        with pytest.raises(Failed):
            read()


@pytest.mark.parametrize("content", ["", "{broken", '[{"code": "F401"}]'])
def test_a_report_of_ruffs_that_breaks_off_is_a_failure(tmp_path: Path, content: str) -> None:
    with pytest.raises(Failed, match="ruff"):
        ruff.checked(write(tmp_path, content), Path("/app"))


def test_bandit_is_asked_to_ignore_inline_suppressions_and_settings() -> None:
    argv = bandit.argv("python", Path("/e/bandit.ini"), Path("/e/bandit.json"))
    assert argv[:7] == ["python", "-m", "bandit", "--recursive", ".", "--ignore-nosec", "--quiet"]
    more = bandit.argv("python", Path("/e/bandit.ini"), Path("/e/bandit.json"), ["/shared"])
    assert more[3:7] == ["--recursive", ".", "/shared", "--ignore-nosec"]
    assert argv[7:9] == ["--ini", "/e/bandit.ini"]
    assert argv[9] == "--exclude"
    assert argv[10].startswith("*/tests/*,")
    assert argv[10].endswith(",./.pipeline/*,./.sandbox/*"), (
        "an app whose folder is that of the configuration"
    )
    inside = bandit.argv("python", Path("/e/bandit.ini"), Path("/e/bandit.json"), (), Path("pipeline"))
    assert inside[10] == f"{argv[10]},./pipeline/*"
    assert argv[11:] == ["--format", "json", "--output", "/e/bandit.json"]


def test_safety_is_asked_for_a_local_check() -> None:
    files = [Path("/a/requirements.txt"), Path("/a/requirements-test.txt")]
    assert safety.argv("python", Path("/db"), files, Path("/e/safety.json")) == [
        *("python", "-W", "ignore", "-m", "safety", "--disable-optional-telemetry", "check", "--db", "/db"),
        *("--output", "json", "--save-json", "/e/safety.json"),
        *("--file", "/a/requirements.txt", "--file", "/a/requirements-test.txt"),
    ]
