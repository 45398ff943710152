"""Schedules mean what they mean to Kubernetes, and what it refuses is refused in its words."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.base.cron import Schedule

START = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday


def times(text: str, count: int = 3, start: datetime = START) -> list[str]:
    return [f"{moment:%m-%d %H:%M}" for moment in itertools.islice(Schedule(text).after(start), count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/15 * * * *", ["01-01 00:15", "01-01 00:30", "01-01 00:45"]),
        ("0 0 * * 0", ["01-04 00:00", "01-11 00:00", "01-18 00:00"]),
        ("0 12 ? jan-MAR mon-fri", ["01-01 12:00", "01-02 12:00", "01-05 12:00"]),
        ("1/29 * * * *", ["01-01 00:01", "01-01 00:30", "01-01 00:59"]),
        ("0 0 1,15 * 5", ["01-02 00:00", "01-09 00:00", "01-15 00:00"]),
        ("@hourly", ["01-01 01:00", "01-01 02:00", "01-01 03:00"]),
        ("@every 1h30m", ["01-01 01:30", "01-01 03:00", "01-01 04:30"]),
        ("0 0 30 2 *", []),
        # A star with a step is a restriction, unlike in Debian's cron: odd days, or Mondays.
        ("0 0 */2 * mon", ["01-03 00:00", "01-05 00:00", "01-07 00:00"]),
    ],
)
def test_the_next_times(text: str, expected: list[str]) -> None:
    assert times(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("5-3 * * * *", "beginning of range (5) beyond end of range (3): 5-3"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("* * L * *", 'failed to parse int from L: strconv.Atoi: parsing "L": invalid syntax'),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("@fortnightly", "unrecognized descriptor: @fortnightly"),
        ("@every soon", 'failed to parse duration @every soon: time: invalid duration "soon"'),
    ],
)
def test_what_is_no_schedule(text: str, why: str) -> None:
    with pytest.raises(ValueError) as refused:
        Schedule(text)
    assert str(refused.value) == why


def test_times_are_those_of_the_zone() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    first = next(Schedule("0 9 * * *").after(START.astimezone(tokyo)))
    assert first.astimezone(UTC) == datetime(2026, 1, 2, tzinfo=UTC)


@given(st.text(max_size=20))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    try:
        schedule = Schedule(text)
    except ValueError:
        return
    assert all(moment > START for moment in itertools.islice(schedule.after(START), 2))
