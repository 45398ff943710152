"""How long to wait before a failing thing is tried again. Pure: the caller brings the clock."""

from __future__ import annotations

from dataclasses import dataclass

INITIAL, LONGEST = 10.0, 300.0
FORGOTTEN_AFTER = 2 * LONGEST  # "reset after ten minutes": kubelet, flowcontrol.Backoff.hasExpired


@dataclass
class Backoff:
    """kubelet: the first retry is immediate, then 10 s doubling to 5 min; forgotten after 10 min without a
    failure.

    ``scale`` multiplies every time (tests run with a small one). All times in seconds of one monotonic clock.
    """

    scale: float = 1.0
    delay: float = 0.0  # the wait that applies after the next failure; 0: none yet
    _updated: float = 0.0

    def failed(self, at: float) -> float:
        """Note a failure at ``at`` and return how long to wait from then (0: retry at once)."""
        if self.delay and at - self._updated > FORGOTTEN_AFTER * self.scale:
            self.delay = 0.0
        wait = self.delay
        self.delay = min(self.delay * 2, LONGEST * self.scale) if self.delay else INITIAL * self.scale
        self._updated = at + wait
        return wait
