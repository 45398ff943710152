"""What was so before a rollout began."""

from __future__ import annotations

from typing import Any

from toolkit.cluster.verdict import baseline


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
