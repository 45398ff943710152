"""A stage by the installed command, against the same script as make starts it in this repository."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests import ROOT, installed
from tests.bench.measure import BESIDE_PYTHON, Claim, Cost, cost, environment, interleaved, prove

ROUNDS = 15
LIMIT = 1.05


def test_a_stage_costs_what_it_costs_in_this_repository(tmp_path: Path) -> None:
    # The same Python and packages for both: what differs is how the script is found and started.
    programs = installed.light(installed.wheel(tmp_path / "dist"), tmp_path / "venv")
    repository = installed.Repository(tmp_path / "my-app", programs)
    assert repository.run("pipeline", "init").code == 0
    repository.commit("a pipeline")
    config = repository.folder / "pipeline.toml"
    env = environment(ADVISORIES="local")
    run = partial(cost, cwd=repository.folder, env=env)
    script = [BESIDE_PYTHON / "python", ROOT / "scripts" / "lint.py", "--app", "my-app", "--config", config]
    things = {
        "script": partial(run, script),
        "installed": partial(run, [programs / "pipeline", "lint", "my-app"]),
    }
    for measure in things.values():  # makes ruff's cache and bytecode
        measure()

    def compare() -> list[Claim]:
        found: dict[str, Cost] = interleaved(things, ROUNDS)
        own, theirs = found["installed"].cpu, found["script"].cpu
        return [
            Claim(
                "lint by the installed command against the script",
                f"{own * 1000:.0f} ms against {theirs * 1000:.0f} ms (processor time; medians of {ROUNDS})",
                own / theirs,
                LIMIT,
            )
        ]

    prove(compare)
