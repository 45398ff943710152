"""What the files beside the page say in lines."""

from __future__ import annotations

from toolkit.cluster.evidence import tables

from tests.pure.cluster.evidence.scenes import pod, scene_of, workload


def test_the_timeline_is_in_order_and_knows_what_the_watch_did_not_see() -> None:
    ended = pod("a")
    ended["metadata"]["creationTimestamp"] = "2026-11-23T03:00:00Z"
    terminated = {"finishedAt": "2026-11-23T03:00:05Z", "exitCode": 3, "reason": "Error"}
    ended["status"]["containerStatuses"][0]["lastState"] = {"terminated": terminated}
    seen = (("2026-11-23T03:00:01.500Z", "first"), ("2026-11-23T03:00:01.500Z", "a later one"))
    scene = scene_of(workload(ended), [])._replace(timeline=seen)
    assert [said for _, said in tables.timeline(scene)] == [
        "Pod/a was created (new revision)",
        "first",
        "a later one",
        "Pod/a container api ended with exit code 3 (Error)",
    ]
