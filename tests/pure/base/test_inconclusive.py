"""Spaces side by side have found nothing against a version only where none of those that failed has."""

from __future__ import annotations

import pytest
from toolkit.base.outcome import INCONCLUSIVE, Kind, Outcome
from toolkit.base.spaces import Space, side_by_side

KILLED = Outcome(Kind.FAILED, "killed", details={INCONCLUSIVE: True})
FOUND = Outcome(Kind.FAILED, "one is not two", details={"tests": 2})
WELL = Outcome(reason="well", details={"tests": 2})


@pytest.mark.parametrize(
    ("first", "second", "inconclusive"),
    [
        (KILLED, WELL, True),
        (KILLED, KILLED, True),
        (KILLED, FOUND, False),
        (FOUND, WELL, False),
        (WELL, WELL, False),
    ],
)
def test_the_spaces_together(first: Outcome, second: Outcome, inconclusive: bool) -> None:
    outcomes = {"dev": first, "live": second}

    def work(space: Space) -> Outcome:
        return outcomes[space.name]

    assert side_by_side(["dev", "live"], work, lambda _: None).is_inconclusive is inconclusive
