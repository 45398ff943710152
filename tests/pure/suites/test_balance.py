"""Spreading a suite over machines: no test lost, none twice, the same everywhere, by time."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from toolkit.suites.plugin import balance

TESTS = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=4), st.floats(0.01, 60), min_size=1, max_size=60
)


def load(group: list[str], seconds: dict[str, float]) -> float:
    return sum(seconds[test] for test in group)


@given(TESTS, st.integers(1, 9), st.randoms())
def test_every_test_is_in_one_part_whatever_order_it_is_collected_in(
    seconds: dict[str, float], count: int, order: random.Random
) -> None:
    parts = balance.shards(seconds, seconds, count)
    assert len(parts) == count
    assert sorted(test for part in parts for test in part) == sorted(seconds)
    shuffled = list(seconds)
    order.shuffle(shuffled)
    assert balance.shards(shuffled, dict(reversed(seconds.items())), count) == parts


@given(TESTS, st.integers(1, 9))
def test_the_longest_part_is_near_the_best_there_is(seconds: dict[str, float], count: int) -> None:
    longest = max(load(part, seconds) for part in balance.shards(seconds, seconds, count))
    ordered = sorted(seconds.values(), reverse=True)
    # No cut is shorter than its longest test, its share, or two of the count + 1 longest tests together.
    pair = sum(ordered[count - 1 : count + 1]) if len(ordered) > count else 0.0
    assert longest <= 4 / 3 * max(ordered[0], sum(ordered) / count, pair) + ordered[0] / 3


def test_by_time_is_better_than_by_number_where_tests_differ() -> None:
    seconds = {f"t{number:02}": 20.0 if number < 4 else 1.0 for number in range(24)}
    by_number = [sorted(seconds)[start::4] for start in range(4)]
    consecutive = [sorted(seconds)[start : start + 6] for start in range(0, 24, 6)]
    best = max(load(part, seconds) for part in balance.shards(seconds, seconds, 4))
    assert best == 25.0
    assert max(load(part, seconds) for part in consecutive) > 3 * best
    assert max(load(part, seconds) for part in by_number) >= best


def test_a_test_that_was_never_timed_counts_as_the_median() -> None:
    assert balance.expected(["a", "b", "c", "new"], {"a": 1, "b": 2, "c": 30, "gone": 99}) == {
        "a": 1,
        "b": 2,
        "c": 30,
        "new": 2,
    }
    assert balance.expected(["x"], {}) == {"x": balance.FIRST_GUESS}
    assert balance.longest_first(["a", "b", "c", "new"], {"a": 1, "b": 2, "c": 30}) == ["c", "b", "new", "a"]
