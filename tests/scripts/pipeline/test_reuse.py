"""What a stage that passed depends on: its own files, and on a cluster those of all that its app needs."""

from __future__ import annotations

from pathlib import Path

from toolkit.ci.origin import Source
from toolkit.pipeline.reuse import Reuse

from tests.declared import config, stage


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
