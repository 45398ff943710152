"""Events found by what they are about, and never too many."""

from __future__ import annotations

from typing import Any

from toolkit.cluster.api.event_index import EVENTS_PER_OBJECT, STRANGERS, EventIndex, events_by_object


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
