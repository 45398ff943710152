"""Rows of apps.toml that leave a report: shell commands that copy what a real tool left."""

from __future__ import annotations

import json
import shlex

from tests import ROOT
from tests.scripts.tiny_app import Done, Repository

SAMPLES = ROOT / "tests/pure/cases/reports"


def sh(code: str) -> str:
    return json.dumps(["sh", "-c", code])


def row(code: str, **more: str) -> str:
    code = code.replace("{report}", '"{report}"').replace("{reports}", '"{reports}"')  # a folder has a space
    keys = "".join(f", {key} = {json.dumps(value)}" for key, value in more.items())
    return f"{{ command = {sh(code)}{keys} }}"


def stage(repo: Repository, name: str, *rows: str, more: str = "") -> Done:
    repo.configure(f"{name} = [{', '.join(rows)}]\n{more}")
    return repo.run(name)


def copy(sample: str, code: int = 1) -> str:
    return f"cp {shlex.quote(str(SAMPLES / sample))} {{report}}; exit {code}"
