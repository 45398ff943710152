"""Timestamps of the API and how kubectl shows the time since."""

from __future__ import annotations

from datetime import datetime
from typing import Any

UNKNOWN = "<unknown>"
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86_400, 365 * 86_400


def seconds(timestamp: Any) -> float | None:
    """RFC 3339 as UNIX seconds; None when it is absent or no timestamp."""
    if not isinstance(timestamp, str):
        return None
    try:
        return datetime.fromisoformat(timestamp).timestamp()
    except (ValueError, OverflowError):
        return None


def since(timestamp: Any, now: float) -> str:
    """How long ago, as in the column AGE."""
    then = seconds(timestamp)
    return UNKNOWN if then is None else human(now - then)


def human(duration: float) -> str:
    """A duration in seconds as k8s.io/apimachinery/pkg/util/duration.HumanDuration shows it: two units where
    they matter.

    >>> [human(s) for s in (-1.5, 119, 150, 660, 7 * 3600 + 120, 3 * 86400, 10 * 86400)]
    ['0s', '119s', '2m30s', '11m', '7h2m', '3d', '10d']
    """
    whole = int(duration)
    if whole < -1:
        return "<invalid>"
    if whole < 2 * _MINUTE:
        return f"{max(whole, 0)}s"
    if whole < 10 * _MINUTE:
        return _two(whole, _MINUTE, "m", 1, "s")
    if whole < 3 * _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 8 * _HOUR:
        return _two(whole, _HOUR, "h", _MINUTE, "m")
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h"
    if whole < 8 * _DAY:
        return _two(whole, _DAY, "d", _HOUR, "h")
    if whole < 2 * _YEAR:
        return f"{whole // _DAY}d"
    if whole < 8 * _YEAR:
        return _two(whole, _YEAR, "y", _DAY, "d")
    return f"{whole // _YEAR}y"


def _two(whole: int, large: int, large_name: str, small: int, small_name: str) -> str:
    rest = whole % large // small
    return f"{whole // large}{large_name}" + (f"{rest}{small_name}" if rest else "")
