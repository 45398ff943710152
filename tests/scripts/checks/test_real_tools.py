"""The real tools, where this machine has them: their reports are what their adapters take them for."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripts.tiny_app import Done, Repository, repository

UNIT = """const test = require('node:test');
const assert = require('node:assert');
test('adds', () => { assert.strictEqual(1 + 2, %s); });
"""
CALC = "package calc\n\nfunc Add(a, b int) int { return a + b }\n\nfunc Sub(a, b int) int { return a - b }\n"
CALC_TEST = """package calc

import "testing"

func TestAdd(t *testing.T) {
	if Add(1, 2) != 3 {
		t.Errorf("got %d", Add(1, 2))
	}
}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return repository(tmp_path)


def needs(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"there is no {program} on this machine")
    return found


def run(repo: Repository, stage: str, rows: str, floor: int = 0, **env: str) -> Done:
    repo.configure()
    file = repo.root / "apps.toml"
    file.write_text(file.read_text().replace("coverage = 90\n", f"coverage = {floor}\n{stage} = [{rows}]\n"))
    return repo.run(stage, env=env)


def test_rubocop(repo: Repository) -> None:
    needs("rubocop")
    repo.write("form.rb", "x = 1\n")
    done = run(repo, "lint", '["rubocop"]')
    assert done.code == 1, done.output
    assert "Lint/UselessAssignment at form.rb:1" in done.output
    repo.write("form.rb", "# frozen_string_literal: true\n\nputs 1\n")
    done = run(repo, "lint", '["rubocop"]')
    assert done.code == 0, done.output
    assert "1 linter found nothing" in done.output
    repo.write(".rubocop.yml", "Style/NoSuchCop:\n  Enabled: maybe\ninherit_from: none.yml\n")
    done = run(repo, "lint", '["rubocop"]')
    assert done.code == 1, done.output
    assert "`rubocop` ended with exit code 2 and left no report" in done.output


def test_eslint(repo: Repository) -> None:
    needs("eslint")
    rules = '{ "no-unused-vars": "error", "eqeqeq": "warn" }'
    repo.write("eslint.config.js", f'module.exports = [{{ files: ["**/*.js"], rules: {rules} }}];\n')
    repo.write("form.js", "const unused = 1;\n")
    done = run(repo, "lint", '["eslint"]')
    assert done.code == 1, done.output
    assert "no-unused-vars at form.js:1" in done.output
    repo.write("form.js", "if (module.id == 2) { module.id = 3; }\n")
    done = run(repo, "lint", '["eslint"]')
    assert done.code == 0, done.output
    assert "eslint does not fail for 1 findings: eqeqeq at form.js:1" in done.output


def test_hadolint(repo: Repository) -> None:
    needs("hadolint")
    repo.write("Dockerfile", "FROM debian\nRUN echo $X\n")
    done = run(repo, "lint", '["hadolint"]')
    assert done.code == 1, done.output
    assert "DL3006 at Dockerfile:1" in done.output
    repo.write("Dockerfile", "FORM debian\n")
    done = run(repo, "lint", '["hadolint"]')
    assert "DL1000 at Dockerfile:1" in done.output
    repo.write("Dockerfile", 'FROM debian:12\nRUN echo "$X"\n')
    done = run(repo, "lint", '["hadolint"]')
    assert done.code == 0, done.output


@pytest.mark.parametrize("row", ['["gitleaks"]', "OWN", "SARIF"])
def test_gitleaks_and_the_secret_is_nowhere(repo: Repository, row: str) -> None:
    needs("gitleaks")
    secret = "AKIAIMNOJVGFDXXXE4OA"
    repo.write("keys.rb", f'aws = "{secret}"\n')
    own = '{ command = ["gitleaks", "dir", ".", "-v", "--report-format", "json", "--report-path", "{report}"]'
    rows = {
        "OWN": f'{own}, format = "gitleaks" }}',
        "SARIF": f'{own}, format = "sarif" }}'.replace("json", "sarif"),
    }
    rows["SARIF"] = rows["SARIF"].replace('"-v", ', "")
    done = run(repo, "security", rows.get(row, row))
    assert done.code == 1, done.output
    assert "aws-access-token at keys.rb:1" in done.output
    assert secret not in done.output
    kept = [file for file in repo.root.glob(".pipeline/**/*") if file.is_file()]
    assert all(secret not in file.read_text(errors="replace") for file in kept)
    (repo.app / "keys.rb").unlink()
    done = run(repo, "security", rows.get(row, row))
    assert done.code == 0, done.output
    assert "gitleaks found no known weakness" in done.output


class Registry(http.server.BaseHTTPRequestHandler):
    """What npm asks a registry for an audit."""

    def do_POST(self) -> None:
        about = {"id": 1179, "url": "https://github.com/advisories/GHSA-vh95-rmgr-6w4m", "severity": "low"}
        about |= {"title": "Prototype Pollution", "vulnerable_versions": "<1.2.6", "cwe": [], "cvss": {}}
        self.answer({"minimist": [about]} if self.path.endswith("/advisories/bulk") else {})

    def do_GET(self) -> None:
        versions = {version: {"name": "minimist", "version": version} for version in ("1.2.0", "1.2.8")}
        self.answer({"name": "minimist", "dist-tags": {"latest": "1.2.8"}, "versions": versions})

    def answer(self, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_npm_audit(repo: Repository, registry: str, tmp_path: Path) -> None:
    needs("npm")
    packages = {
        "": {"name": "tiny", "version": "1.0.0", "dependencies": {"minimist": "1.2.0"}},
        "node_modules/minimist": {"version": "1.2.0"},
    }
    lock = {"name": "tiny", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": packages}
    repo.write("package.json", json.dumps(packages[""]))
    repo.write("package-lock.json", json.dumps(lock, indent=2))
    npm = {"npm_config_cache": str(tmp_path / "npm"), "npm_config_fetch_retries": "0"}
    done = run(repo, "security", '["npm-audit"]', npm_config_registry=registry, **npm)
    assert done.code == 1, done.output
    assert "1 findings: GHSA-vh95-rmgr-6w4m at package-lock.json:" in done.output
    done = run(repo, "security", '["npm-audit"]', npm_config_registry="http://127.0.0.1:9/", **npm)
    assert done.code == 1, done.output
    assert "npm could not audit: " in done.output
    assert "| npm error audit endpoint returned an error" in done.output
    assert '| "' not in done.output, "what it complains of, and not its JSON"


@pytest.mark.parametrize("format", ["junit", "tap"])
def test_the_test_runner_of_node(repo: Repository, format: str) -> None:
    needs("node")
    argv = ["node", "--test", f"--test-reporter={format}", "--test-reporter-destination={report}"]
    rows = f'{{ command = {json.dumps(argv)}, format = "{format}" }}'
    repo.write("a.test.js", UNIT % 3)
    done = run(repo, "unit", rows)
    assert done.code == 0, done.output
    assert "1 unit tests passed" in done.output
    repo.write("a.test.js", UNIT % 4)
    done = run(repo, "unit", rows)
    assert done.code == 1, done.output
    assert "adds (a.test.js:3): Expected values to be strictly equal:" in done.output


def test_go_and_what_it_covered(repo: Repository) -> None:
    needs("go")
    repo.write("go.mod", "module example.test/calc\n\ngo 1.18\n")
    repo.write("calc.go", CALC)
    repo.write("calc_test.go", CALC_TEST)
    argv = ["go", "test", "-coverprofile={reports}/c.out", "./..."]
    go = {"GOCACHE": str(repo.root / "go"), "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOPROXY": "off"}
    row = f'{{ command = {json.dumps(argv)}, coverage = "{{reports}}/c.out" }}'
    done = run(repo, "unit", row, 90, **go)
    assert done.code == 1, done.output
    assert (
        "the unit tests cover 50% of the lines, the floor is 90%: missing in example.test/calc" in done.output
    )
    done = run(repo, "unit", row, 50, **go)
    assert done.code == 0, done.output
    if shutil.which("gotestsum"):
        repo.write("calc_test.go", CALC_TEST.replace("!= 3", "!= 4"))
        argv = ["gotestsum", "--junitfile", "{report}"]
        row = f'{{ command = {json.dumps(argv)}, format = "junit" }}'
        done = run(repo, "unit", row, **go, HOME=os.environ.get("HOME", "/"))
        assert done.code == 1, done.output
        assert "example.test/calc.TestAdd (calc_test.go:7): calc_test.go:7: got 3" in done.output
