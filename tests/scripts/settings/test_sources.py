"""Several apps in one script have a source each: a record of several repositories names none for all."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from pathlib import Path

import pytest
from toolkit.settings.config import Config
from toolkit.settings.request import Request

from tests.ways import DEV, OPS, OPS_BRANCH, Foreign

APPS = """
default_cluster = "none"
[clusters.none]
kubeconfig = "no-such-kubeconfig"
[environments.test]
spaces = ["test-dev"]
[apps.tiny]
path = "PATH"
namespace = "tiny"
service = "tiny"
lint = [["true"]]
[apps.home]
path = "home"
namespace = "home"
service = "home"
needs = ["tiny"]
lint = [["true"]]
[apps.neighbour]
path = "neighbour"
namespace = "neighbour"
service = "neighbour"
lint = [["true"]]
"""


@pytest.fixture(params=["sibling checkout", "submodule", "nested clone"])
def foreign(tmp_path: Path, request: pytest.FixtureRequest) -> Foreign:
    """tiny in a repository of its own, home and neighbour in that of apps.toml."""
    made = Foreign(tmp_path, request.param, APPS, {"file": "one"})
    for name in ("home", "neighbour"):
        (made.root / name).mkdir()
        (made.root / name / "file").write_text("one")
    made.git(made.root, "add", "home", "neighbour")
    made.git(made.root, "commit", "--quiet", "--message=apps")
    return made


def test_a_record_of_two_repositories_names_no_commit_for_both(foreign: Foreign) -> None:
    assert foreign.run("lint", app="tiny,home").code == 0
    record = foreign.record
    ops = foreign.git(foreign.root, "rev-parse", "HEAD")
    assert [record[key] for key in ("commit", "branch", "version", "author")] == ["", "", "", ""]
    assert record["apps"] == {
        "tiny": {"commit": foreign.head, "branch": "main", "version": foreign.head[:12], "author": DEV},
        "home": {"commit": ops, "branch": OPS_BRANCH, "version": ops[:12], "author": OPS},
    }


def test_a_record_of_one_repository_is_as_it_was(foreign: Foreign) -> None:
    assert foreign.run("lint", app="home,neighbour").code == 0
    ops = foreign.git(foreign.root, "rev-parse", "HEAD")
    assert (foreign.record["commit"], foreign.record["author"]) == (ops, OPS)
    assert "apps" not in foreign.record


def test_all_apps_at_once_have_a_record_each_with_its_own(foreign: Foreign) -> None:
    text = (foreign.root / "apps.toml").read_text()
    (foreign.root / "apps.toml").write_text(
        text.replace('[environments.test]\nspaces = ["test-dev"]\n', "")  # only what needs no cluster
    )
    foreign.git(foreign.root, "commit", "--quiet", "--all", "--message=no cluster")
    ended = foreign.run("pipeline", app="all")
    assert ended.code == 0, ended.output
    files = (foreign.root / ".pipeline/runs").glob("*/run.json")
    records = {each["app"]: each for each in (json.loads(file.read_text()) for file in files)}
    ops = foreign.git(foreign.root, "rev-parse", "HEAD")
    assert (records["tiny"]["commit"], records["tiny"]["author"]) == (foreign.head, DEV)
    assert records["home"]["commit"] == records["neighbour"]["commit"] == ops


def test_the_toolkit_that_ran_it_is_told_where_it_is_another_repository(foreign: Foreign) -> None:
    assert foreign.run("lint", app="home").code == 0
    told = foreign.record["toolkit"]
    assert told and told.removesuffix("-dirty") not in (foreign.record["version"], foreign.head[:12])


def test_what_an_app_needs_has_a_source_of_its_own_and_what_is_typed_is_not_for_it(
    foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in os.environ:
        if name not in foreign.env:
            monkeypatch.delenv(name)
    for name, value in foreign.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BRANCH", "hotfix")
    monkeypatch.setenv("COMMIT", foreign.git(foreign.root, "rev-parse", "HEAD~1"))
    config = Config.load(foreign.root / "apps.toml")
    asked = (config, config.cluster(None), config.app("home"), None, (), Namespace(), Path("evidence"))
    request = Request(*asked)
    assert (request.source.branch, request.source.commit) == ("hotfix", os.environ["COMMIT"])
    assert request.source_of(config.app("neighbour")) == request.source, "it lies in the same repository"
    needed = request.source_of(config.app("tiny"))
    assert (needed.branch, needed.commit, needed.author, needed.dirty) == ("main", foreign.head, DEV, False)
    monkeypatch.setenv("PIPELINE_SOURCE", json.dumps(request.source._asdict()))
    assert Request(*asked).source_of(config.app("tiny")) == needed, "within a pipeline too"
