"""When a probe's result counts: thresholds, settings, extra looks."""

from __future__ import annotations

import pytest

from sandbox.node.probes.probing import Settings, Tracker, eager_looks


def verdicts(results: str, **numbers: int) -> str:
    """+ passed, - failed, . no verdict; for results of + and -."""
    tracker = Tracker(Settings(**numbers))
    marks = {True: "+", False: "-", None: "."}
    return "".join(marks[tracker.observe(result == "+")] for result in results)


@pytest.mark.parametrize(
    ("results", "successes", "failures", "expected"),
    [
        ("+", 1, 3, "+"),
        ("---", 1, 3, "..-"),
        ("--+--+", 1, 3, "..+..+"),
        ("----", 1, 3, "..--"),
        ("+-+", 2, 1, ".-."),
        ("+++", 3, 1, "..+"),
        ("++-++", 2, 2, ".+..+"),
    ],
)
def test_thresholds_count_results_in_a_row(
    results: str, successes: int, failures: int, expected: str
) -> None:
    assert verdicts(results, successes=successes, failures=failures) == expected


def test_settings_have_the_defaults_of_the_api() -> None:
    assert Settings.of({}) == Settings(0, 10, 1, 1, 3, None)
    given = {
        "periodSeconds": 2,
        "initialDelaySeconds": 3,
        "timeoutSeconds": 4,
        "failureThreshold": 5,
        "successThreshold": 6,
        "terminationGracePeriodSeconds": 7,
    }
    assert Settings.of(given) == Settings(3, 2, 4, 6, 5, 7)


def test_extra_looks_are_dense_at_first_and_stay_within_the_period() -> None:
    looks = eager_looks(10)
    gaps = [after - before for before, after in zip([0.0, *looks], looks, strict=False)]
    assert looks[0] == 0.05 and max(looks) < 10 and max(gaps) <= 1.0
    assert gaps == sorted(gaps)
    assert eager_looks(0.04) == []
