"""What a terminal that several runs share says of one of them."""

from __future__ import annotations

from typing import Any, cast

from toolkit.pipeline.fleet_views import Lane, Terminal
from toolkit.pipeline.plan import Stage


class Deaf:
    """A terminal that nobody looks at."""

    def draw(self) -> None: ...

    def print(self, text: str) -> None: ...


def stage(name: str) -> Stage:
    return Stage(name, name, None, (), 60)


def test_what_a_stage_said_goes_with_it_and_the_word_is_the_newest_of_those_that_run() -> None:
    lane = Lane(cast(Terminal, Deaf()), "alpha", 3)
    lint, unit = stage("lint"), stage("unit")
    entry: dict[str, Any] = {"outcome": "passed", "reason": "", "seconds": 1.0}
    assert lane.doing() == "waits for its turn"
    lane.started(lint, "")
    lane.started(unit, "")
    lane.line(unit, "counting")
    lane.line(lint, "nothing to complain about")
    assert lane.doing().endswith("  nothing to complain about")
    lane.line(lint, "  ")
    assert lane.doing().endswith("  nothing to complain about")
    lane.ended(lint, entry, "")
    assert lane.doing().endswith("  counting") and "lint" not in lane.doing()
    lane.ended(unit, entry, "")
    assert lane.doing() == "waits for its turn"
