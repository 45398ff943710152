"""A stage script's own cost for lint on the submitter, against what nox adds to the same two commands."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench.checkout import Checkout
from tests.bench.measure import BESIDE_PYTHON, Claim, Cost, cost, environment, interleaved, prove

ROUNDS = 25
LIMIT = 0.5
RUFF = str(BESIDE_PYTHON / "ruff")

# Nothing is installed in the session and ruff is the very same file: less than a usual noxfile makes nox do.
NOXFILE = """
import nox

COMMANDS = {commands}


@nox.session(venv_backend="none")
def bare(session):
    for words in COMMANDS:
        session.run({ruff!r}, *words, external=True)


@nox.session
def reused(session):
    bare(session)
"""


def test_lint_costs_half_of_what_nox_adds(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "clone")
    app = checkout.root / "apps" / "submitter"
    commands = (("check", str(app)), ("format", "--check", str(app)))
    noxfile = tmp_path / "noxfile.py"
    noxfile.write_text(NOXFILE.format(commands=commands, ruff=RUFF), encoding="utf-8")
    nox: list[str | Path] = [BESIDE_PYTHON / "nox", "--noxfile", noxfile, "--session"]
    env = environment()

    def measured(*argv: str | Path) -> Callable[[], Cost]:
        return partial(cost, argv, cwd=checkout.root, env=env)

    things = {
        "shell": measured("sh", "-c", " && ".join(shlex.join([RUFF, *words]) for words in commands)),
        "script": measured(*checkout.script("lint", "--app", "submitter")),
        "nox": measured(*nox, "bare"),
        "nox -r": measured(*nox, "reused", "--reuse-existing-virtualenvs"),
    }
    for measure in things.values():  # makes ruff's cache, bytecode and nox's environment
        measure()

    def compare() -> list[Claim]:
        found = interleaved(things, ROUNDS)
        claims = []
        for name, meaning in (("nox", "without an environment"), ("nox -r", "reusing its environment")):
            own, added = (found[each].cpu - found["shell"].cpu for each in ("script", name))
            claims.append(
                Claim(
                    f"lint, own cost against nox {meaning}",
                    f"{own * 1000:.0f} ms over the shell's {found['shell'].cpu * 1000:.0f} ms, nox adds "
                    f"{added * 1000:.0f} ms (processor time; wall {found['script'].wall * 1000:.0f} and "
                    f"{found[name].wall * 1000:.0f} ms; medians of {ROUNDS})",
                    own / added,
                    LIMIT,
                )
            )
        return claims

    prove(compare)
