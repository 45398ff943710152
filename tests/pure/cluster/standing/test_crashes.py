"""Which pods crash: those that are held back, and those that ended a moment after they were ready."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.cluster.standing import crashes

BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}
ONCE = "ended once after the rollout, last 1 s after its start"
RUNNING = {"running": {"startedAt": "2026-11-28T09:01:00Z"}}


def ended(lived: int, code: int = 1) -> dict[str, Any]:
    times = {"startedAt": "2026-11-28T09:00:00Z", "finishedAt": f"2026-11-28T09:00:{lived:02}Z"}
    return {"terminated": {"reason": "Error" if code else "Completed", "exitCode": code, **times}}


def pod(count: int, state: Any, last: Any = None, **metadata: Any) -> dict[str, Any]:
    status = {"name": "web", "restartCount": count, "state": state, "lastState": last or {}}
    return {
        "metadata": {"name": "x", "uid": "u", **metadata},
        "spec": {"containers": [{"name": "web"}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }


@pytest.mark.parametrize(
    ("found", "early"),
    [
        (pod(1, RUNNING, ended(1)), f"{ONCE} (Error, exit code 1)"),
        (pod(0, ended(1)), f"{ONCE} (Error, exit code 1)"),
        (pod(1, RUNNING, ended(1, 0)), f"{ONCE} (Completed, exit code 0)"),
        (pod(2, BACK_OFF, ended(2, 7)), "is in a crash loop: it ended 3 times, last 2 s after its start"),
        (pod(1, RUNNING, ended(59)), ""),  # it lasted, and something else ended it
        (pod(0, RUNNING), ""),
        (pod(1, RUNNING, ended(1), deletionTimestamp="2026-11-28T09:00:00Z"), ""),
        (pod(1, RUNNING, ended(1), ownerReferences=[{"kind": "Job", "uid": "j", "controller": True}]), ""),
        (pod(1, RUNNING, {"terminated": {"exitCode": 1}}), ""),  # a node that tells no times
    ],
)
def test_what_ends_soon_after_a_rollout(found: dict[str, Any], early: str) -> None:
    told = [each.sentence for each in crashes.early([found], {})]
    assert [sentence.startswith(f"Pod/x container web {early}") for sentence in told] == (
        [True] if early else []
    )


def test_what_ended_before_the_rollout_is_not_its_doing() -> None:
    found = pod(3, RUNNING, ended(1))
    assert crashes.early([found], {"u/web": 3}) == []
    assert "ended twice" in crashes.early([found], {"u/web": 1})[0].sentence.replace("2 times", "twice")


def test_only_a_loop_is_one_at_any_time() -> None:
    assert crashes.looping([pod(3, RUNNING, ended(1))]) == []
    assert crashes.looping([pod(3, BACK_OFF, ended(1))])[0].pod == "x"
