"""lint, security and unit with rows that leave a report: small programs leave what real tools left."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest

from tests.scripts.checks.reporting import SAMPLES, copy, row, sh, stage
from tests.scripts.tiny_app import Repository, repository


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return repository(tmp_path)


def program(repo: Repository, name: str, code: str) -> dict[str, str]:
    """A program on PATH: shell, with the arguments as they come. The environment that finds it."""
    folder = repo.root / "bin"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{code}\n")
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin"}


def test_a_command_without_a_report_says_nothing_of_weaknesses(repo: Repository) -> None:
    done = stage(repo, "security", '["true"]')
    assert done.code == 0, done.output
    said = "`true` ended with exit code 0 and left no report: nothing is known of weaknesses"
    assert said in done.output
    assert "no known weakness" not in done.output
    (record,) = done.record["stages"]
    assert record["reason"] == said
    assert "findings" not in record["details"]
    assert not list(repo.root.glob(".pipeline/runs/*/stages/*/security.sarif"))


def test_what_has_a_report_and_what_has_none_are_told_apart(repo: Repository) -> None:
    done = stage(repo, "security", '["bandit"]', '["true"]')
    assert done.code == 0, done.output
    assert "bandit found no known weakness; `true` ended with exit code 0 and left no report" in done.output
    done = stage(repo, "lint", '["ruff", "check", "{path}"]', '["true"]', '["true"]')
    assert "1 linter found nothing; `true` ended with exit code 0 and left no report" in done.output
    done = stage(repo, "lint", '["true"]')
    assert "left no report: nothing is known of what they found" in done.output


@pytest.mark.parametrize(
    ("tool", "program_name", "code"),
    [("rubocop", "rubocop", 1), ("eslint", "eslint", 1)],
)
def test_a_linter_that_is_named_alone_is_run_and_read(
    repo: Repository, tool: str, program_name: str, code: int
) -> None:
    script = (
        f'for last; do case "$previous" in --out|--output-file) cp "{SAMPLES}/{tool}.json" "$last";; esac; '
    )
    env = program(repo, program_name, f'{script} previous="$last"; done; exit {code}')
    repo.configure(f'lint = [["{tool}"]]')
    done = repo.run("lint", env=env)
    assert done.code == 1, done.output
    assert "findings: " in done.output
    log = json.loads(done.evidence("lint.sarif").read_text())
    assert log["runs"][0]["tool"]["driver"]["name"] == tool
    assert log["runs"][0]["results"]


def test_a_command_of_ones_own_is_read_by_the_tool_that_it_names(repo: Repository) -> None:
    done = stage(repo, "lint", row(copy("rubocop.json"), format="rubocop"))
    assert done.code == 1, done.output
    assert "2 findings: Style/StringLiterals at app/models/form.rb:3" in done.output
    assert "ruff" not in done.output.split("fix:")[1], "its remedy is not for this language"
    done = stage(repo, "security", row(copy("codeql.sarif", 0), format="sarif"))
    assert done.code == 1, done.output
    assert "3 findings: rb/sql-injection at app/models/form.rb:12" in done.output


def test_what_a_linter_itself_does_not_fail_for_is_told_and_passes(repo: Repository) -> None:
    done = stage(repo, "lint", row(copy("rubocop.json", 0), format="rubocop"))
    assert done.code == 0, done.output
    assert "rubocop does not fail for 2 findings: Style/StringLiterals at" in done.output
    assert "found nothing" not in done.output


def test_what_the_code_itself_passes_over_counts_for_lint_and_not_for_security(repo: Repository) -> None:
    log = json.loads((SAMPLES / "codeql.sarif").read_text())
    log["runs"][0]["results"] = log["runs"][0]["results"][2:3]
    (repo.app / "one.sarif").write_text(json.dumps(log))
    passing = row("cp one.sarif {report}", format="sarif")
    assert stage(repo, "lint", passing).code == 0
    done = stage(repo, "security", passing)
    assert done.code == 1, done.output
    assert "rb/y at /app/lib/c.rb" in done.output


def test_every_tool_has_suppressions_with_reason_and_expiry(repo: Repository) -> None:
    def entries(expires: str, *ids: str) -> str:
        return "".join(
            f'[[apps.tiny.suppressions]]\ntool = "rubocop"\nid = "{id}"\nreason = "r"\nexpires = {expires}\n'
            for id in ids
        )

    linter = row(copy("rubocop.json"), format="rubocop")
    both = ("Style/StringLiterals:app/models/form.rb", "lint/uselessassignment")
    done = stage(repo, "lint", linter, more=entries("2999-01-01", *both))
    assert done.code == 0, done.output
    assert "suppressed until 2999-01-01: app/models/form.rb:3: Style/StringLiterals: r" in done.output
    done = stage(repo, "lint", linter, more=entries("2999-01-01", both[0], "Style/Other"))
    assert done.code == 1, done.output
    assert "WARNING: the suppression of rubocop Style/Other matches nothing" in done.output
    assert "1 findings: Lint/UselessAssignment" in done.output
    done = stage(repo, "lint", linter, more=entries("2020-01-01", *both))
    assert done.code == 1, done.output
    assert (
        "the suppression of rubocop Style/StringLiterals:app/models/form.rb expired on 2020-01-01"
        in done.output
    )
    repo.configure(f"lint = [{linter}]\n{entries('2020-01-01', *both)}")
    assert repo.run("security").code == 0, "an entry counts where its tool reports"


def test_gitleaks_secrets_are_nowhere(repo: Repository) -> None:
    leaky = f"cat {shlex.quote(str(SAMPLES / 'gitleaks.json'))}; " + copy("gitleaks.json")
    done = stage(repo, "security", row(leaky, format="gitleaks"))
    assert done.code == 1, done.output
    assert "generic-api-key at config/keys.rb:4" in done.output
    assert "canary-leak" not in done.output
    kept = [file for file in repo.root.glob(".pipeline/**/*") if file.is_file()]
    assert kept
    assert all("canary-leak" not in file.read_text(errors="replace") for file in kept)


def test_what_runs_leave_in_the_apps_folder_is_none_of_its_code(repo: Repository) -> None:
    def results(*files: str) -> str:
        places = [{"physicalLocation": {"artifactLocation": {"uri": file}}} for file in files]
        found = [{"ruleId": "r", "message": {"text": "bad"}, "locations": [place]} for place in places]
        run = {"tool": {"driver": {"name": "x"}}, "results": found}
        repo.write("x.sarif", json.dumps({"version": "2.1.0", "runs": [run]}))
        return row("cp x.sarif {report}; exit 1", format="sarif")

    done = stage(repo, "security", results(".pipeline/venvs/a.py", ".sandbox/b", "a.py"))
    assert "1 findings: r at a.py" in done.output
    done = stage(repo, "security", results(".pipeline/venvs/a.py"))
    assert done.code == 0, done.output
    assert "x found no known weakness" in done.output


@pytest.mark.parametrize(
    ("code", "keys", "why"),
    [
        ("true", {"format": "sarif", "report": "out/x.sarif"}, "exit code 0 and left no report: SARIF"),
        ("echo '{' > {report}", {"format": "sarif"}, "is no JSON (SARIF 2.1.0 was expected)"),
        ("echo '{}' > {report}", {"format": "rubocop"}, "a JSON report of rubocop: 'files' is missing"),
        ("echo '[]' > {report}", {"format": "npm-audit"}, "is not a JSON report of npm-audit"),
        ("truncate -s 65M {report}", {"format": "trivy"}, "of a report 67 MB are read"),
        ("mkdir {report}", {"format": "trivy"}, "is no file"),
        (copy("rubocop.json", 2), {"format": "rubocop"}, "exit code 2 and 2 findings in its report"),
        ("echo '[]' > {report}; exit 3", {"format": "hadolint"}, "though its report names no finding"),
    ],
)  # fmt: skip
def test_a_report_that_cannot_be_read_fails_with_a_sentence(
    repo: Repository, code: str, keys: dict[str, str], why: str
) -> None:
    done = stage(repo, "security", row(code, **keys))
    assert done.code == 1, done.output
    assert why in done.output
    assert "no known weakness" not in done.output


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"format": "sarf"}, '"sarf" is not one of sarif, ruff'),
        ({"format": "junit"}, '"junit" is not one of sarif'),
        ({"format": "sarif"}, "nothing says where the report is"),
        ({"report": "x"}, "format: is missing"),
        ({"coverage": "x"}, "is measured by unit tests, not by security"),
        ({"formt": "sarif"}, 'unknown, did you mean "format"?'),
    ],
)
def test_a_row_that_makes_no_sense_is_misuse(repo: Repository, keys: dict[str, str], why: str) -> None:
    done = stage(repo, "security", row("true", **keys))
    assert done.code == 2, done.output
    assert why in done.output


def test_a_program_that_is_missing_is_named_before_anything_is_started(repo: Repository) -> None:
    without = repo.root / "bin"
    without.mkdir()
    for name in ("sh", "git", "touch"):
        (without / name).symlink_to(str(shutil.which(name)))
    repo.configure(f'lint = [{sh("touch started")}, ["rubocop"]]')
    done = repo.run("lint", env={"PATH": str(without)})
    assert done.code == 2, done.output
    assert "rubocop is not installed" in done.output
    assert "gem install rubocop" in done.output
    assert not (repo.app / "started").exists()
    done = stage(repo, "lint", '["rubocpo"]')
    assert "rubocpo is not installed" in done.output
    assert 'did you mean "rubocop"?' in done.output
    done = stage(repo, "lint", '["bandit"]')
    assert done.code == 2, done.output
    assert "bandit: is run by the security stage" in done.output
    done = stage(repo, "lint", sh("no-such-thing"))
    assert done.code == 2, done.output
    assert "ended with exit code 127: a program that it starts is not installed" in done.output
