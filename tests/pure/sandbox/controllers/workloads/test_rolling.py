"""The arithmetic of rollouts, against upstream's documented examples and as properties of whole rollouts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sandbox.controllers.workloads.rolling import (
    Set,
    Strategy,
    amount,
    new_size,
    proportional,
    scale_plan,
    strategy,
)


@pytest.mark.parametrize(
    ("value", "total", "up", "expected"),
    [
        ("25%", 10, True, 3),
        ("25%", 10, False, 2),
        ("100%", 3, True, 3),
        (2, 10, True, 2),
        ("3", 10, False, 3),
        ("0%", 10, True, 0),
        (None, 10, True, 0),
        ("1%", 1, True, 1),
        ("1%", 1, False, 0),
    ],
)
def test_surge_rounds_up_and_unavailable_down(
    value: int | str | None, total: int, up: bool, expected: int
) -> None:
    assert amount(value, total, up=up) == expected


# ResolveFenceposts: upstream's table (deployment_util_test.go, TestResolveFenceposts)
@pytest.mark.parametrize(
    ("surge", "unavailable", "desired", "expected"),
    [
        ("0%", "0%", 0, (0, 0)),
        ("39%", "39%", 10, (4, 3)),
        ("0", "0", 10, (0, 1)),
        ("0%", "0%", 10, (0, 1)),
        (1, "100%", 3, (1, 3)),
        ("25%", "25%", 4, (1, 1)),
        ("25%", "25%", 1, (1, 0)),
        (0, 20, 5, (0, 5)),
    ],
)
def test_strategy(surge: int | str, unavailable: int | str, desired: int, expected: tuple[int, int]) -> None:
    found = strategy(desired, surge, unavailable)
    assert (found.surge, found.unavailable) == expected


# reconcileNewReplicaSet: upstream's table (rolling_test.go)
@pytest.mark.parametrize(
    ("desired", "surge", "old", "new", "expected"),
    [(10, 0, 10, 0, 0), (10, 2, 10, 0, 2), (10, 2, 5, 0, 7), (10, 2, 10, 2, 2), (10, 2, 2, 11, 10)],
)
def test_new_set_grows_as_far_as_surge_allows(
    desired: int, surge: int, old: int, new: int, expected: int
) -> None:
    assert new_size(new, old + new, Strategy(desired, surge, 0)) == expected


# scaleDownOldReplicaSetsForRollingUpdate and cleanupUnhealthyReplicas: upstream's tables (rolling_test.go)
@pytest.mark.parametrize(
    ("desired", "unavailable", "old", "ready", "new", "new_ready", "expected"),
    [
        (10, 0, 10, 10, 0, 0, {}),
        (10, 2, 10, 10, 0, 0, {"old": 8}),
        (10, 2, 10, 8, 0, 0, {"old": 8}),  # what is not ready goes, and no healthy one besides
        (10, 2, 8, 8, 4, 2, {"old": 6}),
        (10, 0, 8, 8, 4, 2, {}),  # 10 serve, and the two new ones that do not yet cannot replace any
        (10, 0, 10, 10, 5, 5, {"old": 5}),
        (10, 2, 0, 0, 10, 10, {}),
    ],
)
def test_old_sets_shrink_while_enough_serve(
    desired: int, unavailable: int, old: int, ready: int, new: int, new_ready: int, expected: dict[str, int]
) -> None:
    plan = Strategy(desired, max(0, old + new - desired), unavailable)
    assert scale_plan(Set("new", new, new_ready, "2"), [Set("old", old, ready, "1")], plan) == expected


def test_documented_example_of_proportional_scaling() -> None:
    """Ten replicas, maxSurge 3, maxUnavailable 2, a new version that does not come up, then scaled to 15: the
    old set goes from 8 to 11 and the new one from 5 to 7 (kubernetes.io, "Proportional scaling": 3 added to
    the old, 2 to the new one, of the five that are added in all)."""
    sets = [Set("old", 8, 8, "1", max_replicas=13), Set("new", 5, 0, "2", max_replicas=13)]
    assert proportional(sets, Strategy(15, 3, 2), current=13) == {"old": 11, "new": 7}


@pytest.mark.parametrize(
    ("desired", "sizes", "expected"),
    [(0, (8, 5), (0, 0)), (5, (8, 5), (5, 3)), (10, (8, 5), (8, 5))],
)
def test_scaling_down_keeps_the_proportion(
    desired: int, sizes: tuple[int, int], expected: tuple[int, int]
) -> None:
    sets = [Set("old", sizes[0], 0, "1", max_replicas=13), Set("new", sizes[1], 0, "2", max_replicas=13)]
    found = proportional(sets, Strategy(desired, 3, 2), current=13)
    assert (found["old"], found["new"]) == expected


limits = st.one_of(st.integers(0, 6), st.integers(0, 100).map(lambda share: f"{share}%"))


@given(data=st.data(), desired=st.integers(0, 12), surge=limits, unavailable=limits)
def test_a_rollout_keeps_its_limits_and_ends(
    data: st.DataObject, desired: int, surge: int | str, unavailable: int | str
) -> None:
    """Whatever becomes ready when: never more pods than surge allows, never fewer serving than maxUnavailable
    allows (once there were enough), and as long as new pods do come up it ends with only the new set."""
    plan = strategy(desired, surge, unavailable)
    old = [Set("a", desired, desired, "1")]
    new = Set("b", 0, 0, "2")
    for step in range(200):
        sizes = scale_plan(new, old, plan)
        for name, size in sizes.items():
            target = new if name == "b" else old[0]
            changed = replace(target, replicas=size, available=min(target.available, size))
            new, old = (changed, old) if name == "b" else (new, [changed])
        assert new.replicas + old[0].replicas <= plan.desired + plan.surge
        assert new.available + old[0].available >= plan.desired - plan.unavailable
        if new.replicas == desired == new.available and old[0].replicas == 0:
            return
        coming = new.replicas - new.available
        arrived = data.draw(st.integers(0, coming), label="ready") if step % 3 else coming
        new = replace(new, available=new.available + arrived)
    raise AssertionError(f"still rolling: {new} {old} {plan}")


@given(
    data=st.data(),
    desired=st.integers(1, 12),
    surge=limits,
    unavailable=limits,
    count=st.integers(1, 4),
)
def test_no_step_takes_away_what_must_serve(
    data: st.DataObject, desired: int, surge: int | str, unavailable: int | str, count: int
) -> None:
    """From any state with several old sets, some of them sick: no step lets fewer serve than maxUnavailable
    allows or, if there were fewer already, than there were. Pods that are not ready go first, as the
    ReplicaSet controller does it."""
    plan = strategy(desired, surge, unavailable)

    def draw(name: str) -> Set:
        size = data.draw(st.integers(0, 8))
        return Set(name, size, data.draw(st.integers(0, size)), name)

    new, old = draw("z"), [draw(str(i)) for i in range(count)]
    assume(new.replicas <= desired)
    sizes = scale_plan(new, old, plan)
    total = new.replicas + sum(s.replicas for s in old)
    serving = new.available + sum(s.available for s in old)
    after = [replace(s, replicas=sizes.get(s.name, s.replicas)) for s in [new, *old]]
    still = sum(min(s.available, s.replicas) for s in after)
    assert still >= min(serving, desired - plan.unavailable)
    assert sum(s.replicas for s in after) <= max(total, desired + plan.surge)
    assert all(s.replicas >= 0 for s in after)


@given(
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=5),
    before=st.integers(1, 40),
    desired=st.integers(0, 40),
    surge=st.integers(0, 5),
)
def test_proportional_scaling_hands_out_exactly_what_there_is(
    sizes: list[int], before: int, desired: int, surge: int
) -> None:
    sets = [Set(str(i), size, 0, str(i), max_replicas=before + surge) for i, size in enumerate(sizes)]
    found = proportional(sets, Strategy(desired, surge, 0), current=before)
    allowed = desired + surge if desired else 0
    assert all(size >= 0 for size in found.values())
    assert sum(found.values()) == allowed or (sum(found.values()) > allowed and 0 in found.values())
