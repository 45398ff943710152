"""When a failed release is undone, and what a run says of it: every combination of how stages end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toolkit.base.outcome import Kind, Outcome
from toolkit.pipeline import conclusion
from toolkit.pipeline.plan import Plan, Stage
from toolkit.runs import undoing

LIVE = ("deploy", "healthcheck", "smoke", "watch")


def entry(name: str, outcome: str = "passed", **details: Any) -> dict[str, Any]:
    return {
        "id": f"{name}-production",
        "name": name,
        "environment": "production",
        "outcome": outcome,
        "details": details,
    }


@pytest.mark.parametrize("name", LIVE)
@pytest.mark.parametrize(
    ("outcome", "undo"),
    [
        ("passed", False),
        ("failed", True),
        ("timed out", True),
        ("running", True),
        ("misused", False),
        ("refused", False),
        ("interrupted", False),
        ("not run", False),
    ],
)
def test_which_ends_are_undone(name: str, outcome: str, undo: bool) -> None:
    assert undoing.needed([entry("deploy"), entry(name, outcome)]).undo is undo


@pytest.mark.parametrize("name", ["approve", "acceptance", "rollback"])
def test_other_stages_undo_nothing(name: str) -> None:
    assert not any(undoing.needed([entry(name, "failed")]))


def test_only_the_deploy_stage_settles_and_only_at_the_top() -> None:
    settled = undoing.needed([entry("deploy", "failed", settled=True)])
    assert (settled.undo, settled.why) == (False, "deploy-production has settled it itself")
    assert undoing.needed([entry("deploy", "failed", **{"live-dev": {"settled": True}})]).undo
    assert undoing.needed([entry("deploy", "failed", settled="yes")]).undo
    assert undoing.needed([entry("smoke", "failed", settled=True)]).undo


def test_the_cause_has_the_stages_own_words() -> None:
    broken = {**entry("smoke", "failed"), "reason": "POST answered 500"}
    found = undoing.needed([entry("deploy"), broken])
    assert (found.why, found.cause) == (
        "smoke-production failed",
        "smoke-production failed: POST answered 500",
    )
    assert undoing.needed([entry("smoke", "failed")]).cause == "smoke-production failed"


def runs(root: Path, *records: dict[str, Any]) -> None:
    for number, record in enumerate(records):
        file = root / ".pipeline" / "runs" / f"2026112300000{number}" / "run.json"
        file.parent.mkdir(parents=True)
        began = {"outcome": "failed", "started": "2026-11-23T00:00:00Z"}
        file.write_text(json.dumps({"run": file.parent.name, "app": "a", "commit": "c", **began, **record}))


@pytest.mark.parametrize(
    ("records", "undo", "why"),
    [
        ([], False, "no run here took a c to production"),
        ([{"stages": [entry("deploy"), entry("smoke", "failed")]}], True, "smoke-production failed"),
        (
            [{"stages": [entry("deploy")]}, {"stages": [entry("smoke", "timed out")]}],
            True,
            "smoke-production timed out",
        ),
        ([{"stages": [entry("deploy", "running")]}], True, "deploy-production died"),
        ([{"stages": [entry("smoke", "failed")]}, {"stages": [entry("smoke")]}], False, "failed there"),
        ([{"stages": [entry("deploy", "refused")]}], False, "failed there"),
        ([{"stages": [entry("deploy", "failed", settled=True)]}], False, "settled it itself"),
        (
            [{"stages": [entry("smoke", "failed")]}, {"stages": [entry("rollback")]}],
            False,
            "gone back already",
        ),
        ([{"stages": [entry("smoke", "failed")]}, {"stages": [entry("rollback", "running")]}], True, "smoke"),
        ([{"stages": [entry("smoke", "failed")], "commit": "d"}], False, "no run here"),
        ([{"stages": [entry("smoke", "failed")], "app": "b"}], False, "no run here"),
        ([{"stages": [{**entry("smoke", "failed"), "environment": "test"}]}], False, "no run here"),
    ],
)
def test_by_the_record_alone(tmp_path: Path, records: list[dict[str, Any]], undo: bool, why: str) -> None:
    runs(tmp_path, *records)
    found = undoing.in_record(tmp_path, "a", "production", "c")
    assert found.undo is undo
    assert why in found.why


def plan() -> Plan:
    ids = [f"{name}-production" for name in LIVE]
    stages = [Stage("lint", "lint", None, (), 1)]
    stages += [Stage(id, name, "production", (), 1) for id, name in zip(ids, LIVE, strict=True)]
    stages.append(Stage("rollback-production", "rollback", "production", (), 1, undoes=tuple(ids)))
    return Plan("a", "main", [*stages, Stage("alert", "alert", None, (), 1, always=True)])


OUTCOMES = st.builds(
    Outcome,
    st.sampled_from(list(Kind)),
    st.sampled_from(["", "why", "rolled back to v1 (verified)"]),
    st.sampled_from(["", "mend it"]),
    details=st.sampled_from(
        [
            {},
            {"settled": True},
            {"x": {"rollback": {"to": "v1", "outcome": "passed", "verified": True}}},
            {"x": {"rollback": {"to": None, "outcome": "failed", "reason": "there is none"}}},
            {"x": {"rollback": {"to": "v1", "outcome": "timed out", "reason": ""}}, "y": {}},
        ]
    ),
)


@given(
    st.dictionaries(
        st.sampled_from(["lint", *(f"{name}-production" for name in (*LIVE, "rollback"))]), OUTCOMES
    )
)
def test_no_way_to_end_is_told_wrong(ended: dict[str, Outcome]) -> None:
    release = {id: each for id, each in ended.items() if not id.startswith("rollback")}
    if all(each.passed for each in release.values()):
        ended = release  # nothing failed: no rollback was started
    found = conclusion.of_run(plan(), ended, None, "App v2")
    assert found.passed == all(each.passed for each in ended.values())
    if found.passed:
        return
    assert found.details["stage"] in ended
    assert found.kind in {each.kind for each in ended.values()}
    back = ended.get("rollback-production")
    if back is not None and not back.passed:
        assert "look now" in found.reason.partition(";")[0]


def test_an_interrupted_run_says_what_it_leaves_behind() -> None:
    stopped = Outcome(Kind.INTERRUPTED, "it was interrupted (Ctrl-C)")
    assert conclusion.of_run(plan(), {"lint": stopped}, stopped, "App v2") == stopped
    half = {"deploy-production": Outcome(), "smoke-production": stopped}
    assert (
        "make rollback APP=a ENV=production goes back" in conclusion.of_run(plan(), half, stopped, "v").remedy
    )
    whole = {f"{name}-production": Outcome() for name in LIVE}
    assert conclusion.of_run(plan(), whole, stopped, "v") == stopped


@pytest.mark.parametrize(
    ("entries", "against"),
    [
        ([entry("watch", "failed")], True),
        ([entry("smoke", "timed out")], True),
        ([entry("watch", "failed", inconclusive=True)], False),
        ([entry("deploy", "running")], False),
        ([entry("healthcheck", "failed", inconclusive=True), entry("smoke", "failed")], True),
    ],
    ids=["failed", "timed out", "killed", "died with its machine", "one was killed, one failed"],
)
def test_a_version_is_held_only_for_what_was_found_against_it(
    entries: list[dict[str, Any]], against: bool
) -> None:
    found = undoing.needed(entries)
    assert (found.undo, found.against) == (True, against)
