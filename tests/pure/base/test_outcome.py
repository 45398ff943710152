"""Outcomes: exit codes, and which of several decides."""

from __future__ import annotations

import pytest
from toolkit.base.outcome import Failed, Kind, Misused, Outcome, worst


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.PASSED, 0),
        (Kind.FAILED, 1),
        (Kind.MISUSED, 2),
        (Kind.REFUSED, 3),
        (Kind.TIMED_OUT, 4),
        (Kind.INTERRUPTED, 130),
    ],
)
def test_every_outcome_has_its_exit_code(kind: Kind, code: int) -> None:
    assert kind.exit_code == code
    assert Kind.of_exit_code(code) is kind


@pytest.mark.parametrize("code", [-9, 5, 127, 255])
def test_a_foreign_exit_code_is_a_failure(code: int) -> None:
    assert Kind.of_exit_code(code) is Kind.FAILED


def test_nothing_done_is_passed() -> None:
    assert worst([]) == Outcome()


def test_the_gravest_decides_and_all_of_its_reasons_are_kept() -> None:
    outcomes = [
        Outcome(reason="fine", details={"a": 1}),
        Outcome(Kind.FAILED, "live-dev: crash loop", "look", ("line 1",)),
        Outcome(Kind.TIMED_OUT, "slow"),
        Outcome(Kind.FAILED, "live-production: crash loop", "look", ("line 2",), {"b": 2}),
    ]
    found = worst(outcomes)
    assert found.kind is Kind.FAILED
    assert found.reason == "live-dev: crash loop; live-production: crash loop"
    assert found.remedy == "look"
    assert found.evidence == ("line 1", "line 2")
    assert found.details == {"a": 1, "b": 2}


def test_an_error_is_an_outcome() -> None:
    assert Failed("no", remedy="do", evidence=["x"]).outcome == Outcome(Kind.FAILED, "no", "do", ("x",))
    assert Misused("no").outcome.kind is Kind.MISUSED
