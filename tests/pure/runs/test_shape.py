"""Records of wrong types: whatever passes for a record, everybody who reads one can read."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toolkit.alerting import alerts, slack
from toolkit.base.outcome import Kind
from toolkit.reporting import summary
from toolkit.runs import record, shape, undoing

WENT_BACK = {
    "live-dev": {"rollback": {"to": "1.3", "outcome": "passed", "verified": True}, "evidence": "a.md"}
}
GOOD: dict[str, Any] = {
    "run": "r", "app": "a", "commit": "c" * 40, "branch": "main", "version": "1.4", "author": "Ada",
    "url": "", "system": "git", "cluster": "none", "alerted": False, "outcome": "failed", "exit_code": 1,
    "reason": "why",
    "remedy": "", "started": "2026-11-23T04:05:06.789Z", "finished": None, "pid": 5, "process": {"pid": 5},
    "lock": 1, "environments": ["test"], "needed": {"test": {"spaces": ["live-dev"], "checks": ["smoke"]}},
    "stages": [
        {"id": "deploy-test", "name": "deploy", "environment": "test", "outcome": "failed", "exit_code": 1,
         "reason": "r", "remedy": "m", "evidence": ["line"], "details": WENT_BACK, "log": "deploy-test.log",
         "started": "2026-11-23T04:05:06.789Z", "finished": "2026-11-23T04:06:06.789Z", "seconds": 60.0},
        {"id": "alert", "name": "alert", "environment": None, "outcome": "running", "reason": "",
         "started": "2026-11-23T04:05:06.789Z", "finished": None, "seconds": None, "log": None},
    ],
}  # fmt: skip

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [way] if way else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [each for key, below in inner for each in places(below, (*way, key))]


def changed(way: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(GOOD)
    at: Any = made
    for key in way[:-1]:
        at = at[key]
    at[way[-1]] = value
    return made


def test_what_the_toolkit_writes_is_right() -> None:
    assert shape.fault(GOOD, "r") == ""


@settings(max_examples=1500, deadline=None)
@given(way=st.sampled_from(places(GOOD)), value=ANYTHING)
def test_whatever_passes_can_be_read_by_all_who_read_records(way: tuple[Any, ...], value: Any) -> None:
    made = changed(way, value)
    if shape.fault(made, "r"):
        return
    json.loads(json.dumps(made))
    slack.message(made)
    summary.combine([made, copy.deepcopy(GOOD)])
    alerts.latest([made])
    undoing.needed(made["stages"])
    undoing.results(made["stages"])
    for entry in made["stages"]:
        if not shape.fault_of_outcome(entry, tuple(Kind)):
            record.as_outcome(entry)


@pytest.mark.parametrize(
    ("way", "value", "named"),
    [
        (("run",), "s", "its folder says r"),
        (("run",), "../../r", "its folder says r"),
        (("app",), 5, "app is 5, must be text"),
        (("started",), None, "started is no time"),
        (("started",), "2026-11-23T04:05:06", "started is"),  # without a zone it compares with no other
        (("stages",), {}, "stages is {}, must be a list"),
        (("stages", 0), "x", "stages[0] is 'x', must be an object"),
        (("stages", 0, "outcome"), ["failed"], "stages[0].outcome is ['failed'], must be text"),
        (("stages", 0, "details"), "x", "stages[0].details is 'x', must be an object"),
        (("stages", 0, "evidence"), "x", "stages[0].evidence is 'x', must be a list of text"),
        (("stages", 0, "seconds"), "60", "stages[0].seconds is '60', must be a number or null"),
    ],
)
def test_what_is_wrong_is_named(way: tuple[Any, ...], value: Any, named: str) -> None:
    assert named in shape.fault(changed(way, value), "r")
