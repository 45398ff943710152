"""Spreading tests over machines by how long they take. Pure, and without dependencies: suites load it too."""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Iterable, Mapping

FIRST_GUESS = 1.0  # seconds, for a suite that has never been timed


def expected(tests: Iterable[str], durations: Mapping[str, float]) -> dict[str, float]:
    """Seconds that each test is expected to take: as recorded, else as the median of those that are."""
    known = {test: durations.get(test) for test in sorted(set(tests))}
    recorded = [seconds for seconds in known.values() if seconds is not None]
    usual = statistics.median(recorded) if recorded else FIRST_GUESS
    return {test: usual if seconds is None else seconds for test, seconds in known.items()}


def longest_first(tests: Iterable[str], durations: Mapping[str, float]) -> list[str]:
    """The tests, those that take longest first, equal ones by name."""
    seconds = expected(tests, durations)
    return sorted(seconds, key=lambda test: (-seconds[test], test))


def shards(tests: Iterable[str], durations: Mapping[str, float], count: int) -> list[list[str]]:
    """The tests in `count` groups that take about as long as each other; the same wherever it is computed.

    Longest first into the group that has least so far (Graham's LPT rule: never more than 4/3 of the best).
    """
    seconds = expected(tests, durations)
    groups: list[list[str]] = [[] for _ in range(count)]
    loads = [(0.0, number) for number in range(count)]
    for test in longest_first(seconds, durations):
        load, number = heapq.heappop(loads)
        groups[number].append(test)
        heapq.heappush(loads, (load + seconds[test], number))
    return groups
