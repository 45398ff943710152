"""What a verdict is made of: patience, settling, timeline, words, what was so before; and no wall clock."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Kind, Misused
from toolkit.cluster.api.event_index import EVENTS_PER_OBJECT, STRANGERS, EventIndex, events_by_object
from toolkit.cluster.api.known import Known
from toolkit.cluster.diagnosis.finding import Cause, fatal, suspicious, waiting
from toolkit.cluster.verdict import baseline, patience, wording
from toolkit.cluster.verdict.patience import Patience, Settling
from toolkit.cluster.verdict.timeline import FIRST, LAST, Timeline

CLUSTER = Path(baseline.__file__).parent
SECRET = suspicious(Cause.CONFIGURATION, "Pod/p", 'secret "x" not found', "api")


def test_appearances_are_added_up_and_the_time_between_is_not() -> None:
    judge = Patience().judge
    assert judge([SECRET], 0) == []
    assert judge([SECRET], 3) == []
    assert judge([], 4) == []
    assert judge([], 100) == []
    assert judge([SECRET], 100) == []
    assert judge([SECRET], 101.5) == []
    assert [each.cause for each in judge([SECRET], 102)] == [Cause.CONFIGURATION]


def test_another_pod_has_its_own_patience() -> None:
    judge = Patience().judge
    other = suspicious(Cause.CONFIGURATION, "Pod/q", 'secret "x" not found', "api")
    judge([SECRET], 0)
    assert judge([other], 6) == []


def test_patience_is_scaled_but_not_that_of_a_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = suspicious(Cause.READINESS, "Pod/p", "answers 503", "api", patience=12)
    tenth = Patience(0.1)
    tenth.judge([SECRET, probe], 0)
    assert [each.cause for each in tenth.judge([SECRET, probe], 1)] == [Cause.CONFIGURATION]
    monkeypatch.delenv(patience.SCALE, raising=False)
    assert patience.scale() == 1
    monkeypatch.setenv(patience.SCALE, "0.05")
    assert patience.scale() == 0.05


@pytest.mark.parametrize("value", ["0", "-1", "fast", "nan", "inf"])
def test_a_scale_that_is_none_is_misused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(patience.SCALE, value)
    with pytest.raises(Misused, match="PATIENCE_SCALE is"):
        patience.scale()


def test_a_finding_settles_when_it_has_not_changed_for_long_enough() -> None:
    settling = Settling()
    once = waiting(Cause.PROBE, "Pod/p", "failed once", "api", settles=10)
    twice = waiting(Cause.PROBE, "Pod/p", "failed twice", "api", settles=10)
    assert settling.pending([once], 0) == once
    assert settling.pending([once], 9) == once
    assert settling.pending([twice], 11) == twice, "it happened again: the time starts anew"
    assert settling.pending([twice], 20) == twice
    assert settling.pending([twice], 21) is None
    assert settling.pending([SECRET], 22) is None


def test_the_timeline_tells_first_and_last_appearances_and_each_restart_once() -> None:
    timeline = Timeline()
    timeline.findings([SECRET])
    timeline.findings([SECRET])
    timeline.findings([])
    pod = {
        "kind": "Pod",
        "metadata": {"name": "p", "uid": "u"},
        "status": {
            "containerStatuses": [
                {"name": "api", "restartCount": 3, "lastState": {"terminated": {"exitCode": 2}}}
            ]
        },
    }
    timeline.restarts([pod], {"u/api": 2})
    timeline.restarts([pod], {"u/api": 2})
    assert [sentence for _, sentence in timeline.entries()] == [
        'suspicious: missing configuration: Pod/p, container api: secret "x" not found',
        'no longer: missing configuration: Pod/p, container api: secret "x" not found',
        "restart 3 of Pod/p, container api: it ended with exit code 2",
    ]


def test_a_long_timeline_keeps_its_beginning_and_its_end() -> None:
    timeline = Timeline()
    for number in range(20_000):
        timeline.add(str(number))
    entries = [sentence for _, sentence in timeline.entries()]
    assert len(entries) <= FIRST + 2 * LAST + 1
    assert entries[0] == "0" and entries[-1] == "19999"
    assert any("entries are left out here" in each for each in entries)


def test_the_root_leads_and_a_consequence_is_not_named_as_a_cause() -> None:
    image = fatal(Cause.IMAGE, "Pod/p", "does not exist", "api")
    readiness = suspicious(Cause.READINESS, "Pod/q", "answers 503", "api", patience=9)
    evicted = waiting(Cause.DISRUPTION, "Pod/r", "evicted")
    words = wording.failed([image], [image, SECRET, readiness, evicted])
    assert words.kind is Kind.FAILED and words.lead == image
    assert words.reason == (
        "image does not exist: Pod/p, container api: does not exist; "
        'also missing configuration: Pod/p, container api: secret "x" not found'
    )


def test_the_deadline_names_what_lies_deepest() -> None:
    readiness = suspicious(Cause.READINESS, "Pod/q", "answers 503", "api", patience=90)
    memory = waiting(Cause.OUT_OF_MEMORY, "Pod/q", "ran out of memory once", "api")
    words = wording.timed_out(30, ["x: 0 of 1 updated"], [readiness, memory], ["no answer", "no answer"])
    assert words.lead == memory and words.cause is Cause.OUT_OF_MEMORY
    assert words.reason.count("no answer") == 1
    nothing = wording.timed_out(30, ["x: not seen yet"], [], [])
    assert nothing.cause is Cause.PROGRESS_DEADLINE and nothing.lead is None
    starting = wording.timed_out(30, [], [waiting(Cause.STARTING, "Pod/q", "is starting")], [])
    assert starting.cause is Cause.PROGRESS_DEADLINE


def container(count: int, *, ready: bool = True) -> dict[str, Any]:
    return {"name": "api", "restartCount": count, "ready": ready}


def test_restarts_of_the_past_are_taken_off_where_a_container_was_ready() -> None:
    conditions = [{"type": "Ready", "status": "True"}]
    old = {
        "metadata": {"uid": "u"},
        "status": {"conditions": conditions, "containerStatuses": [container(5)]},
    }
    broken = {
        "metadata": {"uid": "v"},
        "status": {"conditions": conditions, "initContainerStatuses": [container(5, ready=False)]},
    }
    before = baseline.restarts([old, broken])
    assert before == {"u/api": 5}
    later = {**old, "status": {**old["status"], "containerStatuses": [container(6)]}}  # type: ignore[dict-item]
    assert baseline.since(later, before)["status"]["containerStatuses"][0]["restartCount"] == 1
    assert baseline.since(broken, before) is broken


def event(number: int, name: str) -> dict[str, Any]:
    return {
        "metadata": {"uid": f"e{number}", "name": f"e{number}", "resourceVersion": str(number)},
        "lastTimestamp": "2026-11-23T04:57:01Z",
        "involvedObject": {"kind": "Pod", "name": name, "uid": f"uid-{name}"},
    }


def test_of_100000_events_those_about_our_objects_are_kept_and_few_of_each() -> None:
    index = EventIndex(lambda kind, name: name.startswith("ours"))
    for number in range(100_000):
        name = f"ours-{number % 100}" if number % 2 else f"other-{number}"
        index.put(event(number, name))
    assert len(index.all()) <= 100 * EVENTS_PER_OBJECT + 3 * STRANGERS
    assert len(index) <= 2 * (100 + 3 * STRANGERS)
    assert len(index["Pod/ours-1"]) == EVENTS_PER_OBJECT
    assert index["Pod/ours-1"][-1]["metadata"]["uid"] == "e99901"
    assert index["uid-ours-1"] == index["Pod/ours-1"]


def test_an_event_that_repeats_is_one_and_an_expired_one_is_gone() -> None:
    index = EventIndex(lambda kind, name: True)
    index.put(event(1, "p"))
    index.put({**event(1, "p"), "count": 2})
    assert [each.get("count") for each in index["Pod/p"]] == [2]
    assert dict(index) == events_by_object(index.all())
    index.drop(event(1, "p"))
    index.drop(event(1, "p"))
    assert dict(index) == {} and index.get("Pod/p", []) == []


def test_objects_are_found_by_name_and_owner_through_every_change() -> None:
    def pod(uid: str, name: str, owner: str) -> dict[str, Any]:
        owners = [{"uid": owner, "controller": True}] if owner else []
        return {"metadata": {"uid": uid, "name": name, "ownerReferences": owners}, "spec": {"n": 1}}

    known = Known()
    known.put(pod("1", "a", "rs"))
    known.put(pod("2", "b", "rs"))
    known.put(pod("1", "a", "other"))
    assert list(known.owned) == ["rs", "other"] and list(known.owned["rs"]) == ["2"]
    known.put(pod("3", "a", "rs"))  # made anew under the same name
    known.drop(pod("1", "a", "other"))
    assert known.named("a") == pod("3", "a", "rs") and known.named("c") is None
    assert list(known.owned) == ["rs"]
    known.clear()
    assert known.objects == {} and known.owned == {} and known.named("a") is None


# Where the wall clock may be read: for a stamp that a person reads. Nothing is decided by it.
STAMPS = {("lock.py", "_now"), ("timeline.py", "__init__"), ("releases.py", "now"), ("apply.py", "restart")}
STAMPS |= {("keeping.py", "_summary")}
WALL = {"time": {"time", "time_ns", "localtime", "gmtime", "ctime", "strftime"}}
HIDDEN = WALL["time"]
WALL["datetime"] = WALL["date"] = {"now", "utcnow", "today"}


def test_no_decision_about_a_cluster_reads_the_wall_clock() -> None:
    """Every look at it is in a function that makes a stamp; every other clock here is monotonic."""
    found, hidden = set(), set()
    for path in CLUSTER.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                looks = [each for each in ast.walk(node) if isinstance(each, ast.Attribute)]
                if any(each.attr in WALL.get(owner_of(each), set()) for each in looks):
                    found.add((path.name, node.name))
            elif isinstance(node, ast.ImportFrom) and node.module in WALL:
                hidden |= {(path.name, each.name) for each in node.names if each.name in HIDDEN}
    assert hidden == set(), "import the module, so that this test sees what is called"
    assert found <= STAMPS, f"not a stamp: {found - STAMPS}"


def owner_of(node: ast.Attribute) -> str:
    value = node.value
    return value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""
