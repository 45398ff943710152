"""A stage of code that was prepared already, against the same without anything to prepare."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests import ROOT
from tests.bench.measure import BESIDE_PYTHON, Claim, Cost, cost, environment, interleaved, prove

ROUNDS = 25
LIMIT = 1.5
"""As a ratio of the whole stage, which is one command that does nothing."""
SECONDS = 0.1
"""What it may add at most, on a machine that does nothing else."""
LOCKED_KILOBYTES = 500
MODULES = 1000
APPS = """
default_cluster = "none"
[environments.test]
spaces = ["test-dev"]
[clusters.none]
kubeconfig = "none"
[languages.any]
prepare = [["sh", "install.sh"]]
lockfiles = ["packages.lock"]
env.WHERE = "{cache}/here"
[apps.prepared]
path = "app"
language = "any"
lint = [["true"]]
namespace = "x"
service = "x"
[apps.plain]
path = "app"
lint = [["true"]]
namespace = "x"
service = "x"
"""
INSTALL = f"mkdir -p modules; cd modules; for n in $(seq {MODULES}); do mkdir -p $n; echo x > $n/index; done"


def test_what_is_unchanged_costs_next_to_nothing(tmp_path: Path) -> None:
    """With a lockfile as npm writes them, and a thousand folders that were made."""
    (tmp_path / "app").mkdir()
    (tmp_path / "apps.toml").write_text(APPS, encoding="utf-8")
    (tmp_path / "app/install.sh").write_text(INSTALL, encoding="utf-8")
    (tmp_path / "app/packages.lock").write_bytes(b"x" * (LOCKED_KILOBYTES * 1024))
    env = environment()

    def stage(app: str) -> Cost:
        argv: list[str | Path] = [BESIDE_PYTHON / "python", ROOT / "scripts/lint.py", "--app", app]
        return cost([*argv, "--config", tmp_path / "apps.toml"], cwd=tmp_path, env=env)

    things = {app: partial(stage, app) for app in ("plain", "prepared")}
    for measure in things.values():  # prepares it
        measure()
    assert (tmp_path / "app/modules/1000").is_dir()

    def compare() -> list[Claim]:
        found = interleaved(things, ROUNDS)
        plain, prepared = found["plain"], found["prepared"]
        added = f"{prepared.cpu * 1000:.0f} ms against {plain.cpu * 1000:.0f} ms (processor time; "
        walls = f"wall {prepared.wall * 1000:.0f} and {plain.wall * 1000:.0f} ms; medians of {ROUNDS})"
        extra = max(prepared.cpu - plain.cpu, 0.0)
        return [
            Claim("a stage of prepared code", added + walls, prepared.cpu / plain.cpu, LIMIT),
            Claim("what it adds, of 0.1 s", f"{extra * 1000:.0f} ms", extra / SECONDS, 1.0),
        ]

    prove(compare)
