"""What each tool is asked, and what its own report says: samples are in tests/pure/cases/reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Failed, Misused
from toolkit.base.redaction import redact
from toolkit.checks import programs
from toolkit.checks.adapter import Asked
from toolkit.checks.reports.findings import Finding
from toolkit.checks.stages import table
from toolkit.settings.tables import rows

from tests import ROOT

SAMPLES = ROOT / "tests/pure/cases/reports"
ASKED = Asked(Path("/app"), Path("/e/report.json"), ("docker/Dockerfile",))


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def found(tool: str, name: str = "", folder: Path = SAMPLES) -> list[Finding]:
    return table.adapter(tool).read(sample(name or f"{tool}.json"), folder)


def test_apps_toml_knows_the_tools_that_there_are() -> None:
    assert set(rows.TOOLS) == set(table.MODULES)
    assert all(table.adapter(name).name == name for name in rows.TOOLS)


def test_rubocop() -> None:
    one, other = found("rubocop")
    assert str(one).startswith("app/models/form.rb:3: Style/StringLiterals Prefer single-quoted strings when")
    assert one.link == "https://docs.rubocop.org/rubocop/cops_style.html#stylestringliterals"
    assert (other.id, other.line, other.severity) == ("Lint/UselessAssignment", 5, "warning")
    with pytest.raises(Failed, match="rubocop looked at no file"):
        table.adapter("rubocop").read({"files": []}, SAMPLES)


def test_eslint() -> None:
    assert [str(each) for each in found("eslint", folder=Path("/app"))] == [
        "bad.js:1: no-unused-vars 'unused' is assigned a value but never used.",
        "bad.js:2: eqeqeq Expected '===' and instead saw '=='.",
        "broken.js:1: syntax Parsing error: Unexpected token (",
    ]
    with pytest.raises(Failed, match="eslint looked at no file"):
        table.adapter("eslint").read([], SAMPLES)


def test_hadolint() -> None:
    docker, shell = found("hadolint")
    assert str(docker) == "docker/Dockerfile:1: DL3006 Always tag the version of an image explicitly"
    assert docker.link == "https://github.com/hadolint/hadolint/wiki/DL3006"
    assert shell.link == "https://www.shellcheck.net/wiki/SC2086"
    command = table.adapter("hadolint").command
    assert command is not None
    with pytest.raises(Misused, match="the app builds no image"):
        command(ASKED._replace(dockerfiles=()))


def test_brakeman_and_what_its_own_ignore_file_passes_over() -> None:
    one, ignored = found("brakeman")
    assert str(one) == (
        "app/models/form.rb:12: SQL SQL Injection d9a1b0b9ee2d3b Possible SQL injection (confidence high)"
    )
    assert (one.severity, ignored.severity, ignored.inline) == ("HIGH", "LOW", True)
    assert "a brakeman.ignore does not count here" in ignored.message
    document = sample("brakeman.json")
    with pytest.raises(Failed, match="could not look at everything: parse error"):
        errors = [{"error": "parse error", "location": "app/a.rb"}]
        table.adapter("brakeman").read({**document, "errors": errors}, SAMPLES)


def test_bundler_audit_points_into_the_lockfile() -> None:
    source, gem = found("bundler-audit")
    assert str(source) == "Gemfile.lock:2: insecure-source gems come from http://rubygems.org/"
    assert gem.place == "Gemfile.lock:4"
    assert (gem.id, gem.aliases, gem.package) == ("CVE-2020-8184", ("GHSA-j6w9-fv6q-3q52",), "rack")
    assert gem.message.startswith("rack 2.0.1 (patched in: ~> 2.1.4, >= 2.2.3): Percent-encoded cookies")


def test_npm_audit_of_today_and_of_npm_6() -> None:
    one, other = found("npm-audit")
    assert str(one) == (
        "package-lock.json:7: GHSA-vh95-rmgr-6w4m 1096465 minimist <0.2.1: Prototype Pollution in minimist"
    )
    assert (other.severity, other.package) == ("critical", "minimist")
    (old,) = found("npm-audit", "npm-audit-6.json")
    assert (old.id, old.aliases) == ("1179", ("1179", "CVE-2020-7598"))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (
            "npm-audit-405.json",
            "npm could not audit: 405 Method Not Allowed - POST https://registry.npmjs.org",
        ),
        ("npm-audit-no-lock.json", "npm could not audit: This command requires an existing lockfile."),
    ],
)
def test_an_audit_that_nobody_answered_is_not_clean(name: str, why: str) -> None:
    with pytest.raises(Failed) as raised:
        found("npm-audit", name)
    assert raised.value.reason.startswith(why)


def test_trivy() -> None:
    assert [str(each) for each in found("trivy")] == [
        "Gemfile.lock: CVE-2020-8184 GHSA-j6w9-fv6q-3q52 rack 2.0.1 (fixed in: ~> 2.1.4, >= 2.2.3): "
        "rubygem-rack: percent-encoded cookies",
        "docker/Dockerfile:2: DS002 AVD-DS-0002 "
        "Specify at least 1 USER command in Dockerfile with non-root user as argument",
        "config/keys.yml:2: aws-access-key-id AWS Access Key ID: a secret is in the code",
        "Ruby: license-GPL-3.0 gplish: its license GPL-3.0 is restricted",
    ]
    assert table.adapter("trivy").read({"SchemaVersion": 2}, SAMPLES) == []


def test_gitleaks_shows_no_secret_and_masks_it_from_then_on() -> None:
    (leak,) = found("gitleaks")
    assert leak.place == "config/keys.rb:4"
    assert "canary" not in str(leak) + json.dumps(leak._asdict())
    assert redact("it is canary-leak-0815") == "it is ***"
    assert table.adapter("gitleaks").read(None, SAMPLES) == []


def test_a_tool_leaves_its_own_report_where_it_is_asked_to() -> None:
    for name in table.MODULES:
        adapter = table.adapter(name)
        if adapter.command is not None and not adapter.prints:
            assert any(str(ASKED.report) in word for word in adapter.command(ASKED)), name


@pytest.mark.parametrize("tool", [name for name in table.MODULES if name != "gitleaks"])
@pytest.mark.parametrize("document", [None, 7, {"files": 1}, [{"x": 1}], {"results": [{}]}])
def test_a_document_of_another_form_is_never_clean(tool: str, document: Any) -> None:
    with pytest.raises((Failed, KeyError, TypeError, AttributeError, ValueError)):
        table.adapter(tool).read(document, SAMPLES)


def test_a_program_of_the_app_itself_goes_first(tmp_path: Path) -> None:
    assert programs.ruby("rubocop", "rubocop", tmp_path) == ["rubocop"]
    (tmp_path / "Gemfile.lock").write_text((SAMPLES / "Gemfile.lock").read_text())
    assert programs.ruby("rubocop", "rubocop", tmp_path) == ["bundle", "exec", "rubocop"]
    assert programs.ruby("brakeman", "brakeman", tmp_path) == ["brakeman"]
    assert programs.node("eslint", tmp_path) == ["eslint"]
    own = tmp_path / "node_modules/.bin/eslint"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    assert programs.node("eslint", tmp_path) == [str(own)]


def test_a_missing_program_is_named_with_how_it_is_got(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Misused) as raised:
        programs.require("rubocop")
    assert raised.value.reason.startswith("rubocop is not installed")
    assert "gem install rubocop" in raised.value.remedy
    assert programs.find("ruff") is not None, "it is beside the toolkit's own Python"
    (tmp_path / "rubocop").write_text("#!/bin/sh\n")
    (tmp_path / "rubocop").chmod(0o755)
    programs.require("rubocop")
