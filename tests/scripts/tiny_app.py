"""A throw-away repository with one tiny app, and a way to run the stage scripts on it as a person would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import ROOT

SCRIPTS = ROOT / "scripts"

APPS_TOML = """
default_cluster = "sandbox"
[environments.test]
spaces = ["test-dev"]
[clusters.sandbox]
builder = "sandbox"
kubeconfig = ".sandbox/kubeconfig"
[clusters.docker]
builder = "docker"
registry = {{ env = "TINY_REGISTRY" }}
kubeconfig = ".sandbox/kubeconfig"
[languages.python]
lint = [["ruff", "check", "{{path}}"], ["ruff", "format", "--check", "{{path}}"]]
security = [["bandit"], ["safety"]]
unit = [["pytest"]]
[apps.tiny]
path = "the app"
language = "python"
images = {{ api = "Dockerfile", workers = "Dockerfile" }}
namespace = "tiny-{{space}}"
service = "tiny-{{space}}"
coverage = 90
{more}
[apps.later]
path = "later"
pending = "its code is not here yet"
language = "python"
namespace = "tiny-{{space}}"
service = "later-{{space}}"
[apps.bare]
path = "the app"
namespace = "tiny-{{space}}"
service = "bare-{{space}}"
"""

CODE = '''"""Adds."""


def add(a: int, b: int) -> int:
    """The sum."""
    return a + b
'''

TEST = """from calc import add


def test_add() -> None:
    assert add(1, 2) == 3
"""


@dataclass(frozen=True)
class Done:
    """How a script ended, what it printed, and where its run is recorded."""

    code: int
    output: str
    root: Path

    def evidence(self, name: str) -> Path:
        """A file that the stage left in the record of the newest run."""
        found = sorted(
            self.root.glob(f".pipeline/runs/*/stages/*/{name}"), key=lambda file: file.stat().st_mtime
        )
        return found[-1]

    @property
    def record(self) -> dict[str, Any]:
        """The newest run.json."""
        runs = sorted(self.root.glob(".pipeline/runs/*/run.json"), key=lambda file: file.stat().st_mtime)
        document: dict[str, Any] = json.loads(runs[-1].read_text(encoding="utf-8"))
        return document


class Repository:
    """A folder (with a space in its name) that holds apps.toml and one clean app."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.app = root / "the app"
        (self.app / "tests/unit").mkdir(parents=True)
        self.configure()
        self.write("calc.py", CODE)
        self.write("tests/unit/test_calc.py", TEST)
        self.write("requirements.txt", "h11==0.16.0\n")

    def configure(self, more: str = "") -> None:
        """Write apps.toml, with more lines for the tiny app."""
        (self.root / "apps.toml").write_text(APPS_TOML.format(more=more), encoding="utf-8")

    def write(self, name: str, text: str) -> Path:
        """Write a file of the app."""
        file = self.app / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def run(self, stage: str, app: str = "tiny", *flags: str, env: Mapping[str, str] | None = None) -> Done:
        """Run scripts/<stage>.py on an app, without a network for the advisories."""
        argv = [sys.executable, str(SCRIPTS / f"{stage}.py"), "--config", str(self.root / "apps.toml")]
        argv += ["--app", app] if app else []
        done = subprocess.run(
            [*argv, *flags],
            cwd=self.root,
            env={**os.environ, "ADVISORIES": "local", **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback (most recent" not in done.stdout
        return Done(done.returncode, done.stdout, self.root)


def repository(folder: Path) -> Repository:
    """A repository below folder."""
    root = folder / "my clone"
    root.mkdir()
    return Repository(root)
