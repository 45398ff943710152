"""The ring in portions, how long each takes, and whether it still fits into CI's time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

MINUTES, BEGUN = "CI_MINUTES", "CI_BEGUN"
DEFAULT_MINUTES = 85.0
"""CI ends what takes 90: the rest is for taking away what there is."""
BEFORE = 26.0
"""Minutes of two quiet cores for what CI runs before the ring; it took more where they were busy."""
BUILD = 12.0
"""Minutes of two quiet cores to build Kubernetes, where that was not done before."""


class Portion(NamedTuple):
    """A part of the ring. minutes: of two quiet cores."""

    name: str
    tests: tuple[str, ...]
    minutes: float


PORTIONS = (
    Portion("the seven apps", ("tests/kubernetes/test_seven_apps.py",), 8),
    Portion("the skeletons", ("tests/kubernetes/skeletons",), 4),
    Portion(
        "one app and outages",
        (
            *("tests/kubernetes/test_one_app.py", "tests/kubernetes/test_outages.py"),
            "tests/kubernetes/test_least_role.py",
            *("tests/kubernetes/drills/test_refusals.py", "tests/kubernetes/node"),
        ),
        11,
    ),
    Portion("the drills", ("tests/kubernetes/drills/test_drills.py",), 11),
)
"""The most important first: what does not fit any more is left out from the end."""


class Clock(NamedTuple):
    """CI's time: when it began, in seconds since the epoch; how many minutes it has; what went before."""

    begun: float
    minutes: float
    slowness: float
    """How many times as long as on two quiet cores things take here."""

    def left(self, now: float) -> float:
        """Minutes."""
        return self.minutes - (now - self.begun) / 60

    def lacks(self, minutes: float, now: float) -> str:
        """Why something of so many minutes does not fit any more, as a sentence; "" where it does."""
        takes, left = minutes * self.slowness, max(self.left(now), 0.0)
        if takes <= left:
            return ""
        of = f"of {MINUTES}={self.minutes:g}"
        return f"it takes about {takes:.0f} min on this machine, and {of} {left:.0f} are left"


def clock(environment: Mapping[str, str], now: float) -> Clock:
    """The time that the variables leave. Raises ValueError with a sentence."""
    minutes = _number(environment, MINUTES, DEFAULT_MINUTES)
    begun = _number(environment, BEGUN, now)
    if minutes <= 0 or begun > now:
        name = MINUTES if minutes <= 0 else BEGUN
        raise ValueError(
            f"{name}={environment[name]}: must be {'more than 0' if minutes <= 0 else 'in the past'}"
        )
    return Clock(begun, minutes, max(1.0, (now - begun) / 60 / BEFORE))


def _number(environment: Mapping[str, str], name: str, otherwise: float) -> float:
    said = environment.get(name)
    try:
        return float(said) if said else otherwise
    except ValueError:
        raise ValueError(f"{name}={said}: must be a number") from None
