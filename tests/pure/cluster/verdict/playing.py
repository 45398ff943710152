"""A scenario played second by second, as the loop of a rollout does it, and held against what is expected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

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


def check(given: Scenario) -> None:
    """It ends as expected.toml says, and so does each object."""
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
