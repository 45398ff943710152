"""A stage script with pipeline.toml and what it extends, against the same with one file that holds it all."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from toolkit.ci.repositories import run
from toolkit.settings.config import Config

from tests import ROOT
from tests.bench.measure import BESIDE_PYTHON, Claim, Cost, cost, environment, interleaved, prove
from tests.elsewhere import Elsewhere

ROUNDS = 15
LIMIT = 1.05
APP = """
[apps.my-app]
path = "{path}"
lint = [["true"]]
namespace = "my-{{space}}"
service = "my"
"""


def test_what_is_extended_costs_what_it_costs_in_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (ROOT / "apps.toml").read_text(encoding="utf-8")
    app = Elsewhere(tmp_path / "app", {"app.py": ""})
    platform = Elsewhere(tmp_path / "platform", {"apps.toml": whole})
    commit = platform.git("rev-parse", "HEAD")
    pinned = f'{{ repository = "{platform.url}", ref = "{commit}", file = "apps.toml" }}'
    files = {
        "one file": (tmp_path / "whole/apps.toml", whole + APP.format(path=app.root)),
        "a path": (app.root / "pipeline.toml", 'extends = "../platform/apps.toml"\n' + APP.format(path=".")),
        "a commit": (app.root / "elsewhere.toml", f"extends = {pinned}\n" + APP.format(path=".")),
    }
    for file, text in files.values():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    app.commit()
    monkeypatch.setenv(run.VARIABLE, "{}")
    Config.load(files["a commit"][0])  # what the engine hands on to the stages of a run
    env = environment(**{run.VARIABLE: os.environ[run.VARIABLE]})
    things = {
        what: partial(
            cost,
            [BESIDE_PYTHON / "python", ROOT / "scripts/lint.py", "--app", "my-app", "--config", file],
            cwd=app.root,
            env=env,
        )
        for what, (file, _) in files.items()
    }
    for measure in things.values():
        measure()

    def compare() -> list[Claim]:
        found: dict[str, Cost] = interleaved(things, ROUNDS)
        base = found["one file"].cpu
        return [
            Claim(
                f"a stage whose configuration extends {what}, against one file",
                f"{found[what].cpu * 1000:.0f} ms against {base * 1000:.0f} ms (processor; of {ROUNDS})",
                found[what].cpu / base,
                LIMIT,
            )
            for what in ("a path", "a commit")
        ]

    prove(compare)
