"""Every folder of tests/scenarios: what was applied and seen goes in, the verdict on each comes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.cluster.diagnosis.kinds import judged, table
from toolkit.cluster.diagnosis.kinds.rule import View
from toolkit.cluster.diagnosis.kinds.shown import Shown

from tests import scenario
from tests.pure.cluster.verdict import playing


@pytest.mark.parametrize("folder", scenario.FOLDERS, ids=lambda folder: folder.name)
def test_scenario(folder: Path) -> None:
    playing.check(scenario.load(folder))


# What a kind is called where it is no built-in one.
CUSTOM = "custom resource"


def test_every_kind_of_the_table_has_one_that_is_good_one_that_is_doomed_and_a_look_alike() -> None:
    shown: dict[str, set[str]] = {kind: set() for kind in (*table.TABLE, CUSTOM)}
    for folder in scenario.FOLDERS:
        kind, what = scenario.load(folder).expected["shows"].split(": ")
        shown[kind].add(what)
    # What is wrong with a budget is told and fails no release.
    lacking = {kind: {"good", "doomed", "look-alike"} - what for kind, what in shown.items()}
    assert {kind: what for kind, what in lacking.items() if what} == {"PodDisruptionBudget": {"doomed"}}


@pytest.mark.parametrize("folder", scenario.FOLDERS, ids=lambda folder: folder.name)
def test_objects_without_their_status_are_no_exception(folder: Path) -> None:
    given = scenario.load(folder)
    bare = [
        {k: v for k, v in obj.items() if k not in ("status", "spec")} for obj in given.moments[-1].objects
    ]
    for obj in given.applied:
        each = judged.applied(obj)
        if not table.is_data(each.kind):
            assert isinstance(judged.view(each, Shown(bare)), View)
