"""Durations and times, as Kubernetes writes them."""

from __future__ import annotations

import pytest

from sandbox.node.timing.durations import go_duration, rfc3339, seconds_of


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (10, "10s"),
        (80, "1m20s"),
        (300, "5m0s"),
        (0.2, "200ms"),
        (1.5, "1.5s"),
        (3661, "1h1m1s"),
        (0.0005, "0.5ms"),
    ],
)
def test_durations_as_go_prints_them(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text


def test_times() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00Z"
    assert seconds_of("2026-01-02T03:04:05Z") == seconds_of("2026-01-02T04:04:05.000+01:00")
