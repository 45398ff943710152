"""The Lease of a reservation: who has it, who stands where, and who is gone."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.cluster.standing import queue
from toolkit.cluster.standing.queue import Claim, Seen

A, B, C = (Claim(run, who, branch, "", 300) for run, who, branch in (
    ("1", "Ada", "main"), ("2", "Bob", "feature"), ("3", "Cy", "")
))  # fmt: skip


def lease(holder: Claim | None, *waiting: Claim, before: Any = None) -> dict[str, Any]:
    made = queue.lease("ns", "fb-x-reserved", "x", before, holder, list(waiting), freed=holder is None)
    made["metadata"]["resourceVersion"] = "7"
    return made


def test_first_come_first_served() -> None:
    held = lease(A, B)
    stands = queue.look(held, C, Seen(), 0.0)
    assert (stands.is_mine, stands.is_free, [each.run for each in stands.ahead]) == (False, False, ["2"])
    assert stands.place == "place 2 in the queue after Bob (feature)"
    free = lease(None, B, C, before=held)
    assert queue.look(free, B, Seen(), 0.0).ahead == []
    assert [each.run for each in queue.look(free, C, Seen(), 0.0).ahead] == ["2"]
    assert queue.look(free, C, Seen(), 0.0).is_free
    assert queue.look(held, A, Seen(), 0.0).is_mine
    assert queue.look(None, A, Seen(), 0.0).is_free


def test_a_holder_that_does_not_renew_is_gone_after_what_it_was_granted() -> None:
    seen, held = Seen(), lease(A)
    assert not queue.look(held, B, seen, 0.0).is_free
    assert not queue.look(held, B, seen, 300.0).is_free
    renewed = lease(A, before=held)
    renewed["spec"]["renewTime"] = "later"
    assert not queue.look(renewed, B, seen, 400.0).is_free
    assert queue.look(renewed, B, seen, 701.0).is_free


def test_whoever_waits_and_shows_it_no_more_is_passed_over() -> None:
    seen, held = Seen(), lease(A, B, C)
    assert len(queue.look(held, C, seen, 0.0).ahead) == 1
    assert len(queue.look(held, C, seen, 29.0).ahead) == 1
    assert queue.look(held, C, seen, 31.0).ahead == []
    shows = lease(A, B._replace(beat=1), C)
    assert len(queue.look(shows, C, seen, 32.0).ahead) == 1


def test_waiting_is_written_at_first_and_then_now_and_then() -> None:
    seen = Seen()
    alone = queue.look(lease(A), B, seen, 0.0)
    assert seen.is_due(B, alone, 0.0)
    joined = queue.look(lease(A, *alone.joined(B)), B, seen, 0.1)
    assert [each.run for each in joined.waiting] == ["2"]
    assert not seen.is_due(B, joined, 0.2)
    assert seen.is_due(B, joined, 6.0)
    assert joined.joined(B)[0].beat == 1
    assert joined.without(B) == []


def test_the_lease_says_for_whom_and_keeps_when_it_began() -> None:
    first = lease(A)
    first["spec"]["acquireTime"] = "then"
    assert queue.shown(first) == "Ada (main) in run 1"
    again = lease(A, before=first)
    assert again["spec"]["acquireTime"] == "then"
    assert lease(B, before=first)["spec"]["acquireTime"] != "then"
    assert "holderIdentity" not in lease(None, B, before=first)["spec"]


@pytest.mark.parametrize("broken", ["{oops", '"x"', '[3, {"who": "nobody"}]'])
def test_a_queue_that_somebody_broke_is_empty(broken: str) -> None:
    assert queue.of({"metadata": {"annotations": {queue.QUEUE: broken}}}) == []
