"""The tables of apps.toml for each language, on a small app in it, by the real tools: skipped without."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import ROOT
from tests.scripts.checks.test_unit import pins
from tests.scripts.tiny_app import SCRIPTS, Done

SAMPLES = ROOT / "tests" / "samples"
GO_SECONDS = 300
GO_TOOLS = ("honnef.co/go/tools@v0.8.2", "golang.org/x/vuln@v1.9.0", "gotest.tools/gotestsum@v1.13.0")


def sample(language: str, folder: Path) -> Path:
    """A copy of the app, that extends this repository's apps.toml."""
    made = folder / "an app"
    shutil.copytree(SAMPLES / language, made)
    file = made / "pipeline.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("../../../apps.toml", str(ROOT / "apps.toml")), encoding="utf-8")
    return made


def run(app: Path, stage: str, **env: str) -> Done:
    """Run scripts/<stage>.py on it."""
    argv = [sys.executable, str(SCRIPTS / f"{stage}.py"), "--config", str(app / "pipeline.toml")]
    done = subprocess.run(
        [*argv, "--app", "greeter"],
        cwd=app,
        env={**os.environ, "ADVISORIES": "local", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=GO_SECONDS * 2,
        check=False,
    )
    assert "Traceback (most recent" not in done.stdout, done.stdout
    return Done(done.returncode, done.stdout, app)


def spoil(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def passes(app: Path, said: Mapping[str, str], **env: str) -> None:
    for stage, sentence in said.items():
        done = run(app, stage, **env)
        assert done.code == 0, f"{stage}: {done.output}"
        assert sentence in done.output, f"{stage}: {done.output}"


def fails(app: Path, stage: str, *said: str, **env: str) -> None:
    done = run(app, stage, **env)
    assert done.code == 1, done.output
    told = done.output.partition("why:")[2]
    for each in said:
        assert each in told, done.output


def needs(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not here")


TESTED = "2 unit tests passed, 100% of the lines covered"


def test_python(tmp_path: Path) -> None:
    app = sample("python", tmp_path)
    (app / "requirements-test.txt").write_text(pins(), encoding="utf-8")
    passes(app, {"lint": "found nothing", "security": "bandit found no known weakness", "unit": TESTED})
    spoil(app / "greeter.py", 'f"Hello, {name}"', "eval(f\"'Hallo, {name}'\")")
    fails(
        app, "unit", "1 of 2 unit tests failed", "test_it_greets_by_name", "Hallo, Ada", "test_greeter.py:7"
    )
    fails(app, "security", "greeter.py:8", "B307")


@pytest.fixture
def ruby(tmp_path: Path) -> Path:
    needs("ruby", "bundle", "rspec", "rubocop")
    app = sample("ruby", tmp_path)
    env = {**os.environ, "BUNDLE_PATH__SYSTEM": "true"}
    argv = ["bundle", "lock", "--local"]  # for the gems that this machine's packages have
    locked = subprocess.run(argv, cwd=app, env=env, capture_output=True, text=True, timeout=120)
    if locked.returncode != 0:
        pytest.skip(f"gems of the sample are not here: {locked.stdout}{locked.stderr}")
    return app


def test_ruby(ruby: Path) -> None:
    said = {"lint": "1 linter found nothing", "security": "rubocop found no known weakness", "unit": TESTED}
    passes(ruby, said)
    spoil(ruby / "lib/greeter.rb", '    "Hello, #{name}"', "    eval(\"'Hallo, #{name}'\")")
    fails(
        ruby, "unit", "1 of 2 unit tests failed", "Greeter greets by name", "Hallo, Ada", "greeter_spec.rb:7"
    )
    fails(ruby, "security", "Security/Eval at lib/greeter.rb:8")
    fails(ruby, "lint", "lib/greeter.rb:8")


@contextmanager
def advisories(found: Mapping[str, object]) -> Iterator[str]:
    """A registry that answers npm audit with these advisories, and knows of no package."""

    class Registry(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


WEAK = {
    "eslint": [
        {
            "id": 4711,
            "url": "https://github.com/advisories/GHSA-test-test-test",
            "title": "Reads more than it should",
            "severity": "high",
            "vulnerable_versions": ">=9.0.0",
            "cwe": [],
            "cvss": {"score": 7.5, "vectorString": None},
        }
    ]
}


@pytest.mark.timeout(2 * GO_SECONDS)
def test_node(tmp_path: Path) -> None:
    needs("node", "npm")
    app = sample("node", tmp_path)
    try:
        subprocess.run(["npm", "ping"], cwd=app, capture_output=True, timeout=30, check=True)
    except subprocess.SubprocessError:
        pytest.skip("npm's registry is not here")
    passes(app, {"lint": "1 linter found nothing", "unit": TESTED})
    with advisories({}) as registry:
        passes(app, {"security": "npm-audit found no known weakness"}, npm_config_registry=registry)
    with advisories(WEAK) as registry:
        told = ("Reads more than it should", "GHSA-test-test-test")
        fails(app, "security", *told, npm_config_registry=registry)
    spoil(app / "greeter.js", "`Hello, ${name}`", "`Hallo, ${nome}`")
    fails(app, "lint", "greeter.js:6", "no-undef")
    spoil(app / "greeter.js", "${nome}", "${name}")
    fails(app, "unit", "1 of 2 unit tests failed", "greets by name", "Hallo, Ada", "greeter.test.js:7")


@pytest.mark.timeout(4 * GO_SECONDS)
def test_go(tmp_path: Path) -> None:
    needs("go")
    for tool in GO_TOOLS:  # gotten by `go run`, and then built for minutes: not by a test
        asked = ["go", "mod", "download", tool]
        env = {**os.environ, "GOPROXY": "off"}
        if subprocess.run(asked, cwd=tmp_path, env=env, capture_output=True, check=False).returncode != 0:
            pytest.skip(f"{tool} is not here: go mod download {tool}")
    app = sample("go", tmp_path)
    said = {"lint": "found nothing", "security": "govulncheck found no known weakness", "unit": TESTED}
    passes(app, said)
    spoil(app / "greeter.go", '"Hello, %s", name', '"Hallo, %d", name')
    fails(app, "lint", "greeter.go:11")
    spoil(app / "greeter.go", "%d", "%s")
    fails(app, "unit", "1 of 2 unit tests failed", "TestGreetsByName", "Hallo, Ada", "greeter_test.go:7")
