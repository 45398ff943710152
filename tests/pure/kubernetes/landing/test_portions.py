"""What of the ring fits into CI's time: the most important first, by how slow the machine was until then."""

from __future__ import annotations

import pytest

from tests import ROOT
from tests.kubernetes.landing import portions
from tests.kubernetes.landing.portions import BEFORE, PORTIONS, clock

NOW = 1_000_000.0


def after(minutes: float, **more: str) -> portions.Clock:
    return clock({"CI_BEGUN": str(NOW - minutes * 60), **more}, NOW)


def test_on_a_quiet_machine_all_of_it_fits_beside_the_build() -> None:
    whole = portions.BUILD + sum(each.minutes for each in PORTIONS)
    assert after(BEFORE).lacks(whole, NOW) == ""


def test_a_slow_machine_runs_the_first_portions_and_says_why_the_drills_are_left_out() -> None:
    given = after(BEFORE * 1.6)
    assert given.lacks(PORTIONS[0].minutes, NOW) == ""
    later = NOW + 60 * given.slowness * sum(each.minutes for each in PORTIONS[:-1])
    said = given.lacks(PORTIONS[-1].minutes, later)
    assert PORTIONS[-1].name == "the drills"
    assert said == "it takes about 18 min on this machine, and of CI_MINUTES=85 7 are left"


def test_nothing_fits_once_the_time_is_over() -> None:
    assert "0 are left" in after(90).lacks(1, NOW)


def test_a_machine_is_never_faster_than_a_quiet_one() -> None:
    assert after(1).slowness == 1 and clock({}, NOW) == portions.Clock(NOW, 85, 1)
    assert after(BEFORE, CI_MINUTES="40").left(NOW) == pytest.approx(40 - BEFORE)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"CI_MINUTES": "soon"}, "CI_MINUTES=soon: must be a number"),
        ({"CI_MINUTES": "0"}, "CI_MINUTES=0: must be more than 0"),
        ({"CI_BEGUN": "2000000"}, "CI_BEGUN=2000000: must be in the past"),
    ],
)
def test_a_time_that_is_none_is_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        clock(given, NOW)


def test_every_test_of_the_ring_is_in_one_portion_and_there() -> None:
    named = [ROOT / each for portion in PORTIONS for each in portion.tests]
    for file in (ROOT / "tests/kubernetes").rglob("test_*.py"):
        assert [each for each in named if each in (file, *file.parents)] != [], file
    assert all(each.exists() for each in named)
