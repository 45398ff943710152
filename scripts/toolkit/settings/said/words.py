"""Words that a person writes: durations, and the known word that an unknown one was meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def nearest(word: str, known: Iterable[str]) -> str:
    """`, did you mean "x"?` for the known word that is nearest, or nothing."""
    import difflib  # only a mistake needs it

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f', did you mean "{found[0]}"?' if found else ""


def duration(text: str) -> float | None:
    """Seconds in "90s", "3m", "1h30m"; None for anything else."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return float(sum(float(number) * _SECONDS[unit] for number, unit in parts))
