"""The command `pipeline`, installed, in a repository of an app."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from toolkit.typed import advice

from form_builder_pipeline.table import NOT_HERE, READ, ROWS, SWITCHES, WITH_A_VALUE
from tests import ROOT
from tests.installed import WHO, Repository


def test_every_script_has_a_subcommand_or_a_reason() -> None:
    scripts = {file.name for file in (ROOT / "scripts").glob("*.py")}
    rows = {row.file for row in ROWS.values()} - {"sandbox"}
    assert rows | set(NOT_HERE) == scripts
    assert not rows & set(NOT_HERE)


def test_every_subcommand_is_a_target_of_make_and_advice_knows_it() -> None:
    targets = {row.target for row in ROWS.values()}
    assert targets == set(advice.TARGETS)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert not [target for target in targets if f"\n{target}: " not in makefile]
    taken = {name for row in ROWS.values() for name in row.takes}
    assert taken == WITH_A_VALUE | SWITCHES
    assert not taken & set(READ)


BROKEN = "\n[no_such_key]\n"


def test_help_teaches_what_there_is(repository: Repository) -> None:
    done = repository.run("pipeline", "--help")
    assert done.code == 0
    assert not [name for name in (*ROWS, "init", "makefile") if f"\n  {name} " not in done.output]
    assert repository.run("pipeline").code == 2


@pytest.mark.parametrize("name", ROWS)
def test_each_hands_over_to_its_script(repository: Repository, name: str) -> None:
    done = repository.run("pipeline", name, "--help")
    assert done.code == 0, done.output
    assert done.output.startswith("usage: ")


WRONG = {
    "stauts": "pipeline status",
    "depoly my-app": "pipeline deploy",
    "deploy EVN=dev": "ENV=",
    "lint MAIN=1": "APP, CLUSTER, FORCE",
    "sandbox upp": "sandbox",
    "makefile here": "pipeline makefile",
    "init A/B": "pipeline init NAME",
}


@pytest.mark.parametrize("typed", WRONG)
def test_what_it_does_not_know_is_a_sentence_with_the_nearest(repository: Repository, typed: str) -> None:
    done = repository.run("pipeline", *typed.split())
    assert done.code == 2
    assert WRONG[typed] in done.output.partition("fix: ")[2]
    assert not (repository.folder / ".pipeline").exists()


def test_without_a_configuration_it_says_how_to_get_one(repository: Repository) -> None:
    done = repository.run("pipeline", "plan")
    assert (done.code, "fix: pipeline init\n" in done.output) == (2, True)


def test_stages_run_from_anywhere_in_the_apps_repository(repository: Repository, programs: Path) -> None:
    package = next(programs.parent.glob("lib/python*/site-packages/form_builder_pipeline"))
    before = sorted(package.rglob("*"))
    assert repository.run("pipeline", "init").code == 0
    version = repository.commit("a pipeline")
    repository.write("deep/down/notes", "")
    done = repository.run("pipeline", "lint", within="deep/down")
    assert done.code == 0, done.output
    record = json.loads((repository.folder / ".pipeline/latest/run.json").read_text())
    assert (record["app"], record["branch"], record["author"]) == ("my-app", "main", WHO)
    assert record["commit"][:12] == version
    repository.write("bad.py", "import os\n")
    done = repository.run("pipeline", "lint", "my-app")
    assert (done.code, "F401" in done.output) == (1, True), done.output
    # What is installed may be read-only: nothing is written there but what Python itself compiles.
    after = [each for each in package.rglob("*") if each not in before and "__pycache__" not in each.parts]
    assert not after


def test_a_feature_branch_stops_at_test(repository: Repository) -> None:
    repository.run("pipeline", "init")
    repository.commit("a pipeline")
    assert '"my-feature"' not in repository.run("pipeline", "plan").output
    repository.git("checkout", "--quiet", "-b", "my-feature")
    done = repository.run("pipeline", "plan")
    assert 'branch "my-feature" stops before production' in done.output
    refused = repository.run("pipeline", "deploy", "ENV=production")
    assert refused.code == 3
    assert "pipeline run APP=my-app" in refused.output
    assert "make " not in refused.output


def test_an_approval_is_of_the_apps_commit(repository: Repository) -> None:
    repository.run("pipeline", "init")
    version = repository.commit("a pipeline")
    done = repository.run("pipeline", "approve", "ENV=production")
    assert f"approved {version} of my-app for production" in done.output


def test_init_replaces_nothing(repository: Repository) -> None:
    repository.write("deploy/own.yaml", "kind: ConfigMap\n")
    repository.write("Makefile", "all: ; @echo mine\n")
    done = repository.run("pipeline", "init", "other")
    assert done.code == 0
    assert "include Makefile.pipeline" in done.output
    assert [file.name for file in (repository.folder / "deploy").iterdir()] == ["own.yaml"]
    assert (repository.folder / "Makefile").read_text() == "all: ; @echo mine\n"
    assert "[apps.other]" in (repository.folder / "pipeline.toml").read_text()
    repository.write("pipeline.toml", "mine = true\n")
    assert repository.run("pipeline", "init").code == 2
    assert (repository.folder / "pipeline.toml").read_text() == "mine = true\n"
    repository.write("Makefile.pipeline", "# mine\n")
    done = repository.run("pipeline", "makefile")
    assert (done.code, (repository.folder / "Makefile.pipeline").read_text()) == (2, "# mine\n")


def test_the_doctor_looks_at_the_apps_repository(repository: Repository) -> None:
    done = repository.run("pipeline", "doctor")
    assert "the toolkit is installed in" in done.output
    assert ".venv" not in done.output
    repository.run("pipeline", "init")
    repository.write("pipeline.toml", (repository.folder / "pipeline.toml").read_text() + BROKEN)
    done = repository.run("pipeline", "doctor", "CLUSTER=kubeconfig")
    assert "no_such_key" in done.output  # cluster_doctor.py has read it
    assert repository.run("pipeline", "doctor", "--config", "nowhere.toml").code == 2
