"""What a stage that passed depends on: its own files, and on a cluster those of all that its app needs."""

from __future__ import annotations

from pathlib import Path

from toolkit.ci import Source
from toolkit.config import Config
from toolkit.plan import Stage
from toolkit.reuse import Reuse

APPS = """
default_cluster = "none"
[clusters.none]
kubeconfig = "none"
[environments.test]
spaces = ["test-dev"]
"""
APP = """
[apps.{name}]
path = "apps/{name}"
namespace = "x-{{space}}"
service = "{name}"
needs = {needs}
"""


def stage(id: str) -> Stage:
    name, _, environment = id.partition("-")
    return Stage(id, name, environment or None, (), 60)


def config(folder: Path, **needs: list[str]) -> Config:
    for name in needs:
        (folder / "apps" / name).mkdir(parents=True)
        (folder / "apps" / name / "code").write_text(name)
    (folder / "apps.toml").write_text(
        APPS + "".join(APP.format(name=name, needs=each) for name, each in needs.items())
    )
    return Config.load(folder / "apps.toml")


def test_what_is_tested_against_it_runs_again_when_a_need_of_a_need_changes(tmp_path: Path) -> None:
    made = config(tmp_path, runner=["submitter"], submitter=["pdf"], pdf=[], other=[])
    source = Source("test", "main", "c" * 40, "somebody", "", False)

    def inputs() -> dict[str, str]:
        app = made.app("runner")
        reuse = Reuse(made, app, made.cluster(None), source, lambda *_: "")
        return {id: reuse.inputs(stage(id)) for id in ("unit", "acceptance-test")}

    before = inputs()
    (tmp_path / "apps/other/code").write_text("changed")
    assert inputs() == before
    (tmp_path / "apps/pdf/code").write_text("changed")
    after = inputs()
    assert after["acceptance-test"] != before["acceptance-test"]
    assert after["unit"] == before["unit"], "its own checks do not look at other apps"
