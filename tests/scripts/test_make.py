"""make hands on what it is given as it was typed: no value is ever read by a shell, or by make itself."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import ROOT

PWNED = "pwned"
HOSTILE = {
    "quote": f"x'; touch {PWNED}; '",
    "apostrophe": "feature/it's",
    "double": f'x"; touch {PWNED}; "',
    "substitution": f"$(touch {PWNED})",
    "backticks": f"`touch {PWNED}`",
    "make": f"$(shell touch {PWNED})${{shell touch {PWNED}}}",
    "variable": "$HOME $$ ${HOME}",
    "newline": f"a\ntouch {PWNED}\nb",
    "operators": f"a; touch {PWNED} & touch {PWNED} | cat > {PWNED} #",
    "words": "two  words *",
    "dashes": "--help -rf",
    "backslash": f"\\'; touch {PWNED} \\",
    "comma": "a,b)",
}
FLAGS = {
    *(
        "APP",
        "ENV",
        "CLUSTER",
        "BRANCH",
        "JOBS",
        "ONLY",
        "REPEAT",
        "SHARD",
        "FOR",
        "QUIET",
        "RUN",
        "TO",
        "CAUSE",
    ),
    *("SYSTEM", "AGAIN"),
}
"""Variables that become a flag with a value."""
PLAIN = {
    "KEEP_DURATIONS",
    "CHECK",
    "FAILED",
    "FORCE",
    "FRESH",
    "APPROVE",
    "RESTART",
    "TAKE_OVER",
    "PREFLIGHT",
}
OTHERS = {
    "ANY_VERSION",
    "SETTLE",
    "PATIENCE",
    "ADVISORIES",
    "ROUNDS",
    "SEED",
    "COMMIT",
    "PATIENCE_SCALE",
    "T",
    "ARGS",
}
INTERNAL = ("PY", "READY", "APPS", "NAMES", "STAGES", "TARGETS", "GIVEN", "app", "env", "cluster", "part")
STUB = """#!/bin/sh
{ printf 'argv'; for each in "$@"; do printf '\\037%s' "$each"; done; printf '\\036'; } >> "$RECORD"
{ printf 'env\\037%s\\037%s\\037%s' "$T" "$ARGS" "$FORCE"; printf '\\036'; } >> "$RECORD"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The repository's Makefile, its apps, and in place of Python what writes down how it is called."""
    where = tmp_path / "it's a $clone"
    (where / ".venv" / "bin").mkdir(parents=True)
    for name in ("Makefile", "apps.toml"):
        (where / name).write_bytes((ROOT / name).read_bytes())
    (where / "requirements.txt").write_text("")
    (where / "programs").mkdir()
    programs = where / "programs"
    for stub in (where / ".venv" / "bin" / "python", programs / "py'thon", programs / "chromium"):
        stub.write_text(STUB)
        stub.chmod(0o755)
    # What makes the environment fresh is named by make itself.
    named = make(where, "-pn", "help").stdout
    ready = re.search(r"^(?:override )?READY := (\S+)$", named, re.MULTILINE)
    assert ready
    (where / ready[1]).write_text("")
    return where


def make(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {*FLAGS, *PLAIN, *OTHERS, "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    }
    kept |= {"PATH": f"{folder / 'programs'}:{kept['PATH']}", "RECORD": str(folder / "record")}
    return subprocess.run(
        ["make", *words], cwd=folder, env={**kept, **(env or {})}, capture_output=True, text=True, timeout=300
    )


def targets(folder: Path) -> list[str]:
    """Every target of the Makefile but the one that removes the stub itself."""
    text = (folder / "Makefile").read_text()
    named = re.findall(r"^([a-z][a-z-]*):.*##", text, re.MULTILINE)
    stages = re.search(r"LOCAL := (.*)\noverride PLACED := (.*)", text)
    assert len(named) > 30 and stages
    combined = [f"{stage}-submitter" for stage in f"{stages[1]} {stages[2]}".split()]
    return [*(name for name in named if name != "clean"), "submitter", *combined]


def recorded(folder: Path) -> list[list[str]]:
    rows = (folder / "record").read_text().split("\036")
    (folder / "record").unlink()
    return [row.split("\037") for row in rows if row]


@pytest.mark.parametrize("origin", ["environment", "command line"])
@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_what_is_typed_arrives_and_is_run_by_nobody(folder: Path, value: str, origin: str) -> None:
    given = dict.fromkeys((*FLAGS, *PLAIN, *OTHERS), value)
    python = {"PYTHON": str(folder / "programs" / "py'thon")}
    if origin == "environment":
        done = make(folder, "-k", *targets(folder), env={**given, **python})
    else:
        # A stage of an app is make's own call of itself, and the word of the app is not the caller's.
        words = [f"{name}={text}" for name, text in {**given, **python}.items()]
        done = make(folder, "-k", *targets(folder), *words)
    assert done.returncode == 0, done.stderr
    assert not list(folder.rglob(PWNED)), done.stdout
    rows = recorded(folder)
    flags = [word for row in rows if row[0] == "argv" for word in row[1:] if re.match("--[a-z]+=", word)]
    wrong = {word for word in flags if word.partition("=")[2] not in (value, "submitter")}
    assert not wrong
    assert {f"--{name.lower()}={value}" for name in FLAGS} <= set(flags)
    tested = [rows[at + 1] for at, row in enumerate(rows) if row[1:3] == ["-m", "tests"]]
    assert ["env", value, value, value] in tested


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_python_of_that_name_is_not_there_and_nothing_else_happens(folder: Path, value: str) -> None:
    assert make(folder, "doctor", f"PYTHON={value}").returncode == 2
    assert make(folder, "doctor", env={"PYTHON": value}).returncode == 2
    assert not list(folder.rglob(PWNED))


@pytest.mark.parametrize("value", [HOSTILE["quote"], HOSTILE["make"]])
def test_the_makefiles_own_names_are_its_own(folder: Path, value: str) -> None:
    done = make(folder, "help", "plan", "lint-submitter", *(f"{name}={value}" for name in INTERNAL))
    assert done.returncode == 0, done.stderr
    assert not list(folder.rglob(PWNED))
    assert "submitter" in done.stdout
