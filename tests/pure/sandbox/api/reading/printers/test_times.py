"""Timestamps, and durations as kubectl shows them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.reading.printers.times import human, seconds
from tests.pure.sandbox.api.reading.showing import NOW
from tests.pure.sandbox.objects import unhurried

# apimachinery/pkg/util/duration/duration_test.go, and the edges between the formats.
DURATIONS = {
    -2: "<invalid>",
    -1.5: "0s",
    0: "0s",
    1: "1s",
    70: "70s",
    119: "119s",
    120: "2m",
    190: "3m10s",
    599: "9m59s",
    600: "10m",
    660: "11m",
    47 * 60: "47m",
    3 * 3600 - 1: "179m",
    3 * 3600: "3h",
    7 * 3600 + 600: "7h10m",
    8 * 3600: "8h",
    47 * 3600: "47h",
    48 * 3600: "2d",
    49 * 3600: "2d1h",
    8 * 86400 - 1: "7d23h",
    8 * 86400: "8d",
    367 * 86400: "367d",
    2 * 365 * 86400: "2y",
    (2 * 365 + 3) * 86400: "2y3d",
    8 * 365 * 86400: "8y",
}


@pytest.mark.parametrize(("duration", "text"), DURATIONS.items())
def test_durations_as_kubectl_shows_them(duration: float, text: str) -> None:
    assert human(duration) == text


@unhurried
@given(st.floats(0, 1e10), st.floats(0, 1e5))
def test_a_longer_time_is_never_shown_as_a_shorter_one(start: float, more: float) -> None:
    units = {"y": 365 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}

    def read(text: str) -> int:
        total, number = 0, ""
        for character in text:
            if character in units:
                total, number = total + int(number) * units[character], ""
            else:
                number += character
        return total

    assert read(human(start)) <= read(human(start + more))


def test_timestamps() -> None:
    assert seconds("2023-11-14T22:13:20Z") == NOW
    assert seconds("2023-11-14T22:13:20.500000Z") == NOW + 0.5
    assert seconds("yesterday") is None
    assert seconds(None) is None
