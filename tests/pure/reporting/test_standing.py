"""When a run may say "verified": only where every check of the environment looked at this version."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.reporting import summary

RULE = {"checks": ["healthcheck", "smoke", "watch"], "spaces": ["live-dev", "live-production"]}
ALL = ("deploy", "healthcheck", "smoke", "watch")


def stage(name: str, outcome: str = "passed", **details: Any) -> dict[str, Any]:
    told = details or {space: {"version": "1a2b"} for space in RULE["spaces"]}
    return {"name": name, "environment": "production", "outcome": outcome, "reason": "", "details": told}


def headline(*stages: dict[str, Any], **more: Any) -> str:
    record = {"app": "submitter", "version": "1a2b", "outcome": "", "needed": {"production": RULE}}
    return summary.headline({**record, "stages": list(stages), **more})


def test_every_check_of_this_version_in_every_space() -> None:
    assert headline(*map(stage, ALL)) == "✅ submitter: 1a2b is verified in production"
    reused = [stage(name, "reused") for name in ALL]
    assert headline(*reused) == "✅ submitter: 1a2b is verified in production"


@pytest.mark.parametrize("absent", ALL[1:])
def test_a_check_that_left_no_record_is_named(absent: str) -> None:
    left = [stage(name) for name in ALL if name != absent]
    said = f"✅ submitter: 1a2b is deployed in production, not verified yet: no pass of {absent}"
    assert headline(*left) == said


def test_a_lone_deployment_verifies_nothing() -> None:
    assert headline(stage("deploy")) == (
        "✅ submitter: 1a2b is deployed in production, not verified yet: no pass of healthcheck, smoke, watch"
    )
    assert "is deployed in production, not verified yet" in headline(stage("deploy"), needed={})


@pytest.mark.parametrize(
    "details",
    [
        {"live-dev": {"version": "9f9f"}, "live-production": {"version": "1a2b"}},
        {"live-dev": {"version": "1a2b"}},
        {"live-dev": {"version": "1a2b-dirty"}, "live-production": {"version": "1a2b-dirty"}},
    ],
    ids=["another version", "one space of two", "a changed tree"],
)
def test_a_pass_of_something_else_is_none_of_this_version(details: dict[str, Any]) -> None:
    found = headline(stage("deploy"), stage("healthcheck"), stage("smoke", **details), stage("watch"))
    assert found.endswith("is deployed in production, not verified yet: no pass of smoke")


def test_what_was_superseded_is_said_so() -> None:
    other = {"live-dev": {"superseded": "9f9f"}}
    found = headline(stage("deploy"), stage("healthcheck"), stage("watch", "refused", **other))
    assert found == "⛔ submitter: 1a2b is superseded by 9f9f in production, not verified"
    # What failed in one space has failed, whatever came in another.
    found = headline(stage("deploy"), stage("watch", "failed", **other))
    assert found == "❌ submitter: watch failed in production"


def test_a_deployment_again_makes_every_check_of_the_one_before_old() -> None:
    def run(at: str, name: str) -> dict[str, Any]:
        return {"run": at, "started": at, "app": "submitter", "version": "1a2b", "stages": [stage(name)]}

    names = ["deploy", "healthcheck", "acceptance", "deploy", "healthcheck"]
    records = [run(f"2026-11-2{number}T00:00:00Z", name) for number, name in enumerate(names)]
    combined = summary.combine(records) | {
        "needed": {"production": RULE | {"checks": ["healthcheck", "acceptance"]}}
    }
    assert summary.headline(combined).endswith("not verified yet: no pass of acceptance")


@pytest.mark.parametrize(("failing", "said"), [("", "is verified"), ("2/2", "acceptance failed")])
def test_each_part_of_a_suite_counts_and_none_hides_another_one(failing: str, said: str) -> None:
    def run(at: str, name: str, part: str = "") -> dict[str, Any]:
        told = {space: {"version": "1a2b", **({"part": part} if part else {})} for space in RULE["spaces"]}
        made = stage(name, "failed" if part and part == failing else "passed", **told)
        return {"run": at, "started": at, "app": "submitter", "version": "1a2b", "stages": [made]}

    parts = [("deploy", ""), ("healthcheck", ""), ("acceptance", "2/2"), ("acceptance", "1/2")]
    records = [run(f"2026-11-2{number}T00:00:00Z", *each) for number, each in enumerate(parts)]
    rule = RULE | {"checks": ["healthcheck", "acceptance"]}
    assert said in summary.headline(summary.combine(records) | {"needed": {"production": rule}})
