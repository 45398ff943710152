"""Cron schedules as Kubernetes reads them: those of github.com/robfig/cron, v3, in its standard form.

The library behind it (cronsim) follows Debian's cron, which takes more: what robfig's parser refuses is
refused here, in its words, and where they differ in meaning the schedule is put so that both mean the same.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from cronsim import CronSim, CronSimError

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# Lowest, highest, names (and the number of the first).
_FIELDS: tuple[tuple[int, int, list[str]], ...] = (
    (0, 59, []),
    (0, 23, []),
    (1, 31, []),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|us|µs|ns|s)")


class Schedule:
    """When a CronJob is due. Raises ValueError, in the API server's words, for a text that is no schedule."""

    def __init__(self, text: str) -> None:
        self._every: timedelta | None = None
        self._fields = ""
        if text.startswith("@every "):
            self._every = _duration(text.removeprefix("@every "), text)
        elif text.startswith("@"):
            if text not in _MACROS:
                raise ValueError(f"unrecognized descriptor: {text}")
            self._fields = _MACROS[text]
        else:
            words = text.split()
            if len(words) != len(_FIELDS):
                raise ValueError(f"expected exactly 5 fields, found {len(words)}: [{' '.join(words)}]")
            pairs = zip(words, _FIELDS, strict=True)
            self._fields = " ".join(_field(word, *bounds) for word, bounds in pairs)

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The times after a moment, in its time zone, which it has to have; endless but for 31 February."""
        if self._every is None:
            with contextlib.suppress(CronSimError):  # a day that no month has: never
                yield from CronSim(self._fields, moment)
            return
        due = moment.replace(microsecond=0)
        while True:
            due += self._every
            yield due


def _field(word: str, low: int, high: int, names: list[str]) -> str:
    return ",".join(_range(part, low, high, names) for part in word.split(","))


def _range(part: str, low: int, high: int, names: list[str]) -> str:
    """One term, spelled in numbers; only a bare star stays one (with a step it is a restriction)."""
    bounds, slash, step = part.partition("/")
    first, dash, last = bounds.partition("-")
    if (slash and (not step or "/" in step)) or (dash and "-" in last):
        raise ValueError(f"too many {'slashes' if '/' in step else 'hyphens'}: {part}")
    stride = _number(step, []) if slash else 1
    if stride == 0:
        raise ValueError(f"step of range should be a positive number: {part}")
    if first in ("*", "?"):
        if stride == 1:
            return "*"
        return f"{low}-{high}/{stride}"
    start = _number(first, names)
    end = _number(last, names) if dash else high if slash else start
    if start < low:
        raise ValueError(f"beginning of range ({start}) below minimum ({low}): {part}")
    if end > high:
        raise ValueError(f"end of range ({end}) above maximum ({high}): {part}")
    if start > end:
        raise ValueError(f"beginning of range ({start}) beyond end of range ({end}): {part}")
    return f"{start}-{end}/{stride}" if end > start else str(start)


def _number(word: str, names: list[str]) -> int:
    if word.lower() in names:
        return names.index(word.lower()) + (1 if names is _MONTHS else 0)
    if not (word.isascii() and word.isdigit()):
        why = f'failed to parse int from {word}: strconv.Atoi: parsing "{word}": invalid syntax'
        raise ValueError(why)
    return int(word)


def _duration(text: str, whole: str) -> timedelta:
    """A Go duration, at least a second and in whole seconds."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f'failed to parse duration {whole}: time: invalid duration "{text}"')
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return timedelta(seconds=max(1, int(seconds)))
