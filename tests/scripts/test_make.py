"""make hands on what it is given as it was typed: no value is ever read by a shell, or by make itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.scripts.make_double import FLAGS, OTHERS, PLAIN, clone, make, recorded

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
INTERNAL = ("PY", "READY", "APPS", "NAMES", "STAGES", "TARGETS", "GIVEN", "app", "env", "cluster", "part")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return clone(tmp_path / "it's a $clone")


def targets(folder: Path) -> list[str]:
    """Every target of the Makefile but the one that removes the stub itself."""
    text = (folder / "Makefile").read_text()
    named = re.findall(r"^([a-z][a-z-]*):.*##", text, re.MULTILINE)
    stages = re.search(r"LOCAL := (.*)\noverride PLACED := (.*)", text)
    assert len(named) > 30 and stages
    combined = [f"{stage}-submitter" for stage in f"{stages[1]} {stages[2]}".split()]
    return [*(name for name in named if name != "clean"), "submitter", *combined]


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
