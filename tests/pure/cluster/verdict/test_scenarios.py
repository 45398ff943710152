"""Every folder of tests/scenarios: what was applied and seen goes in, the verdict on each comes out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from toolkit.cluster.diagnosis.finding import Finding, ordered
from toolkit.cluster.diagnosis.kinds import judged, table
from toolkit.cluster.diagnosis.kinds.rule import Applied, State, View
from toolkit.cluster.diagnosis.kinds.shown import Shown
from toolkit.cluster.verdict import result
from toolkit.cluster.verdict.patience import Patience, Settling
from toolkit.objects import wishes
from toolkit.settings.said import judging

from tests import scenario
from tests.scenario import Scenario

DEADLINE = 180.0
STEP = 1.0


class Ended(NamedTuple):
    """overall is how it ended, after so many seconds; rows what became of each object."""

    overall: str
    after: float
    rows: dict[str, result.Row]


def play(given: Scenario) -> Ended:
    """Second by second, as the loop of a rollout does it."""
    said = {name: judging.read(words) for name, words in given.expected.get("judge", {}).items()}
    objects = [judged.applied(obj, wishes.of(obj, said)) for obj in given.applied]
    followed = [each for each in objects if not table.is_data(each.kind)]
    patience, settling = Patience(), Settling()
    first = given.moments[0].objects
    for now, found in seconds(given):
        around = Shown(
            found,
            first,
            given.expected.get("unseen", ()),
            [{"apiVersion": "v1", **each} for each in given.expected.get("foreign", [])],
        )
        views = {each.shown: judged.view(each, around) for each in followed}
        findings = ordered([finding for view in views.values() for finding in view.findings])
        if fatal := patience.judge(findings, now):
            return ended("failed", now, followed, views, fatal)
        done = all(view.state is not State.WAITING for view in views.values())
        if done and not settling.pending(findings, now):
            return ended("passed", now, followed, views)
        late = [
            each.shown
            for each in followed
            if views[each.shown].state is State.WAITING and now >= (each.judging.deadline or DEADLINE)
        ]
        if late:
            return ended("timed out", now, followed, views, late=late)
    return ended("still waiting", now, followed, views)


def seconds(given: Scenario) -> Iterator[tuple[float, list[scenario.Json]]]:
    """Each second until the scenario's end, and what there is at that time."""
    now = 0.0
    while now <= float(given.expected.get("until", 600)):
        yield now, [moment for moment in given.moments if moment.at <= now][-1].objects
        now += STEP


def ended(
    overall: str,
    after: float,
    followed: list[Applied],
    views: dict[str, View],
    fatal: list[Finding] | None = None,
    late: list[str] | None = None,
) -> Ended:
    rows = result.rows(followed, views, fatal or [], late or [])
    return Ended(overall, after, {row.object: row for row in rows})


@pytest.mark.parametrize("folder", scenario.FOLDERS, ids=lambda folder: folder.name)
def test_scenario(folder: Path) -> None:
    given = scenario.load(folder)
    found = play(given)
    assert found.overall == given.expected["overall"], f"{given.expected['title']}: {found}"
    for name, wanted in given.expected["objects"].items():
        row = found.rows[name]
        assert (str(row.state), row.cause) == (wanted["state"], wanted.get("cause", "")), row
        assert wanted.get("says", "") in row.said, row
    if "within" in given.expected:
        assert found.after <= given.expected["within"], f"only after {found.after} s"
    if "not_before" in given.expected:
        assert found.after >= given.expected["not_before"], f"already after {found.after} s"


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
