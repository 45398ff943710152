"""What a watch of pods sees: kinds of sights, and one of them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class What(StrEnum):
    """The kinds of sights."""

    RESTART = "restart"
    BACK_OFF = "CrashLoopBackOff"
    EVICTED = "evicted"
    FLAPPING = "flapping readiness"
    NOT_READY = "not ready"
    DISRUPTED = "disrupted"
    DELETED = "deleted"


class Sight(NamedTuple):
    """One thing seen.

    reason tells causes of the same container apart; total counts all restarts of the container, ever.
    """

    what: What
    pod: str
    uid: str
    container: str
    reason: str
    sentence: str
    alarm: bool
    total: int = 0

    @property
    def key(self) -> str:
        """The container as a baseline names it."""
        return f"{self.uid}/{self.container}"
