"""What a stage that passed depends on: its own files, and on a cluster those of all that its app needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.ci.origin import Source
from toolkit.ci.repositories import run
from toolkit.pipeline.reuse import Reuse
from toolkit.settings.config import Config

from tests.declared import config, stage
from tests.elsewhere import Elsewhere
from tests.ways import WAYS, Foreign

SOURCE = Source("test", "main", "c" * 40, "somebody", "", False)
STAGES = ("unit", "build", "acceptance-test")
APPS = """
default_cluster = "none"
[clusters.none]
kubeconfig = "none"
[environments.test]
spaces = ["test-dev"]
[apps.tiny]
path = "PATH"
namespace = "tiny"
service = "tiny"
images = { app = "Dockerfile" }
"""
FILES = {"code/file": "one", "Dockerfile": "FROM scratch", ".gitignore": "ignored\n"}


def inputs(made: Config, app: str) -> dict[str, str]:
    """The inputs of an app's stages as they are now."""
    reuse = Reuse(made, made.app(app), made.cluster(None), SOURCE, lambda *_: "")
    return {id: reuse.inputs(stage(id)) for id in STAGES}


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [id for id in STAGES if before[id] != after[id]]


def test_what_is_tested_against_it_runs_again_when_a_need_of_a_need_changes(tmp_path: Path) -> None:
    made = config(tmp_path, runner=["submitter"], submitter=["pdf"], pdf=[], other=[])
    before = inputs(made, "runner")
    (tmp_path / "apps/other/code").write_text("changed")
    assert inputs(made, "runner") == before
    (tmp_path / "apps/pdf/code").write_text("changed")
    assert changed(before, inputs(made, "runner")) == ["acceptance-test"], (
        "its own checks do not look at other apps"
    )


@pytest.mark.parametrize("way", WAYS)
def test_an_app_in_a_repository_of_its_own_is_looked_at_there(tmp_path: Path, way: str) -> None:
    app = Foreign(tmp_path, way, APPS, FILES)
    made = Config.load(app.root / "apps.toml")
    before = inputs(made, "tiny")
    assert inputs(made, "tiny") == before
    app.write("code/file", "two")
    assert changed(before, inputs(made, "tiny")) == list(STAGES)


@pytest.mark.parametrize("way", ["sibling checkout", "submodule"])
def test_a_need_in_a_repository_of_its_own_is_looked_at_there(tmp_path: Path, way: str) -> None:
    more = '[apps.runner]\npath = "runner"\nnamespace = "runner"\nservice = "runner"\nneeds = ["tiny"]\n'
    app = Foreign(tmp_path, way, APPS + more, FILES)
    (app.root / "runner").mkdir()
    (app.root / "runner/code").write_text("one")
    made = Config.load(app.root / "apps.toml")
    before = inputs(made, "runner")
    assert inputs(made, "runner") == before
    app.write("code/file", "two")
    assert changed(before, inputs(made, "runner")) == ["acceptance-test"]


def test_what_git_ignores_counts_where_a_build_sees_it(tmp_path: Path) -> None:
    app = Foreign(tmp_path, "sibling checkout", APPS, FILES)
    made = Config.load(app.root / "apps.toml")
    before = inputs(made, "tiny")
    app.write("ignored", "is copied into the image")
    assert changed(before, inputs(made, "tiny")) == ["build", "acceptance-test"]


@pytest.mark.parametrize("context", ["../shared", "."])
def test_a_build_context_in_another_repository_counts(tmp_path: Path, context: str) -> None:
    app = Foreign(tmp_path, "sibling checkout", APPS + f'context = "{context}"\n', FILES)
    made = Config.load(app.root / "apps.toml")
    folder = made.app("tiny").context
    folder.mkdir(exist_ok=True)
    (folder / "lib").write_text("one")
    before = inputs(made, "tiny")
    (folder / "lib").write_text("two")
    assert changed(before, inputs(made, "tiny")) == list(STAGES)


def test_a_dockerfile_and_manifests_elsewhere_count(tmp_path: Path) -> None:
    text = APPS.replace('"Dockerfile"', '"../docker/Dockerfile"') + 'manifests = "../manifests"\n'
    app = Foreign(tmp_path, "sibling checkout", text, FILES)
    for name in ("docker/Dockerfile", "manifests/app.yaml"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("one")
    made = Config.load(app.root / "apps.toml")
    for name in ("docker/Dockerfile", "manifests/app.yaml"):
        before = inputs(made, "tiny")
        (tmp_path / name).write_text("two")
        assert changed(before, inputs(made, "tiny")) == list(STAGES), name


@pytest.mark.parametrize("path", [".", "code"])
def test_an_app_in_the_folder_of_another_is_looked_at(tmp_path: Path, path: str) -> None:
    """Of two apps neither is left out for being the other's."""
    more = f'[apps.second]\npath = "../the app/{path}"\nnamespace = "s"\nservice = "s"\n'
    app = Foreign(tmp_path, "sibling checkout", APPS + more, FILES)
    made = Config.load(app.root / "apps.toml")
    both = {name: inputs(made, name) for name in ("tiny", "second")}
    app.write("code/file", "two")
    assert changed(both["tiny"], inputs(made, "tiny")) == list(STAGES)
    assert {"unit", "acceptance-test"} <= set(changed(both["second"], inputs(made, "second")))


def test_where_no_file_is_found_nothing_is_the_same_as_before(tmp_path: Path) -> None:
    app = Foreign(tmp_path, "sibling checkout", APPS, FILES)
    made = Config.load(app.root / "apps.toml")
    for name in FILES:
        (app.code / name).unlink()
    assert changed(inputs(made, "tiny"), inputs(made, "tiny")) == list(STAGES)


def test_a_new_commit_of_a_suite_elsewhere_runs_that_suite_again_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = Elsewhere(tmp_path / "suite", {"run": "one"})
    where = f'repository = "{suite.url}"\nref = "main"\ncommand = ["sh", "run", "{{report}}"]\n'
    app = Foreign(tmp_path, "sibling checkout", f"{APPS}[apps.tiny.suites.acceptance]\n{where}", FILES)
    made = Config.load(app.root / "apps.toml")
    monkeypatch.setenv(run.VARIABLE, "")
    before = inputs(made, "tiny")
    assert inputs(made, "tiny") == before
    suite.commit({"run": "two"})
    assert inputs(made, "tiny") == before, "a run stays with the commit that it began with"
    monkeypatch.setenv(run.VARIABLE, "")
    after = inputs(made, "tiny")
    assert changed(before, after) == ["acceptance-test"]
    monkeypatch.setenv(run.VARIABLE, "")
    assert inputs(made, "tiny") == after
    suite.root.rename(tmp_path / "away")
    monkeypatch.setenv(run.VARIABLE, "")
    assert inputs(made, "tiny")["acceptance-test"] not in (
        before["acceptance-test"],
        after["acceptance-test"],
    )
