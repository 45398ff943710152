"""Makefile.pipeline: it hands on what was typed, and leaves the app's own make alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from form_builder_pipeline import makefile
from form_builder_pipeline.table import READ, ROWS, SWITCHES, WITH_A_VALUE
from tests.installed import Repository
from tests.scripts.test_make import HOSTILE, PWNED

GIVEN = (*sorted(WITH_A_VALUE | SWITCHES), *READ, "CONFIG")
STUB = """#!/bin/sh
{ printf '%s' "$*"
for each in GIVEN; do eval "printf '\\037%s' \\"\\$$each\\""; done
printf '\\036'; } >> record
"""
OWN = """ENV := the app's own
all: ; @printf '%s' "$(ENV)" > own; printf '%s' "$$FORCE" >> own
deploy: ; @echo mine
"""


@pytest.fixture
def folder(repository: Repository) -> Path:
    repository.write("Makefile", f"include Makefile.pipeline\n{OWN}")
    assert repository.run("pipeline", "makefile").code == 0
    stub = repository.folder / "a stub"
    stub.write_text(STUB.replace("GIVEN", " ".join(GIVEN)))
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    return repository.folder


@pytest.mark.parametrize("origin", ["environment", "command line"])
@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_what_is_typed_arrives_and_is_run_by_nobody(
    repository: Repository, folder: Path, value: str, origin: str
) -> None:
    given = dict.fromkeys(GIVEN, value) | {"PIPELINE": str(folder / "a stub")}
    words = [f"{name}={text}" for name, text in given.items()] if origin == "command line" else []
    targets = [makefile.target(row) for row in ROWS.values()]
    done = repository.run("make", *targets, *words, env={} if words else given)
    assert done.code == 0, done.output
    assert not list(folder.rglob(PWNED))
    rows = [row.split("\037") for row in (folder / "record").read_text().split("\036") if row]
    assert [row[0] for row in rows] == [f"--by-make {name}" for name in ROWS]
    # ENV is one that the app's own Makefile sets: unless it is typed, it stays what it is there.
    mine = [] if words else ["ENV"]
    wrong = {(name, text) for row in rows for name, text in zip(GIVEN, row[1:], strict=True) if text != value}
    assert {name for name, _ in wrong} <= set(mine)


def test_the_apps_own_make_is_what_it_was(repository: Repository, folder: Path) -> None:
    assert repository.run("make", "FORCE=$(touch pwned)x$$y", env={}).code == 0
    assert (folder / "own").read_text().startswith("the app's own")
    assert repository.run("make", "deploy").output == "mine\n"
    listed = repository.run("make", "pipeline-help").output
    assert not [row for row in ROWS.values() if f"  {makefile.target(row)} " not in listed], listed


def test_targets_do_what_the_subcommands_do_and_advise_in_their_words(repository: Repository) -> None:
    assert repository.run("pipeline", "init").code == 0
    repository.commit("a pipeline")
    done = repository.run("make", "pipeline-plan", "BRANCH=my feature")
    assert (done.code, 'branch "my feature" stops before production' in done.output) == (0, True)
    repository.git("checkout", "--quiet", "-b", "other")
    done = repository.run("make", "pipeline-deploy", "ENV=production")
    assert done.code == 2  # make's own
    assert "branches may go to test: make pipeline APP=my-app" in done.output
    done = repository.run("make", "pipeline-lint", "APP=nobody")
    assert "APP=nobody: there is no such app" in done.output
