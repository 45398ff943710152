"""When a probe's result counts: thresholds in, verdicts out. Pure.

Rules: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/ and the kubelet's
prober: a result counts once it was seen failureThreshold or successThreshold times in a row; liveness and
startup begin as "alive", readiness as "not ready"; liveness and readiness wait for startup.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The three probes, in the words of the kubelet's events."""

    STARTUP = "Startup"
    LIVENESS = "Liveness"
    READINESS = "Readiness"

    @property
    def field(self) -> str:
        """The field of the container that holds it."""
        return f"{self.lower()}Probe"


@dataclass(frozen=True)
class Settings:
    """A probe's numbers in seconds and counts, with the API's defaults."""

    initial_delay: float = 0.0
    period: float = 10.0
    timeout: float = 1.0
    successes: int = 1
    failures: int = 3
    grace: int | None = None  # overrides the pod's terminationGracePeriodSeconds

    @classmethod
    def of(cls, probe: dict[str, Any]) -> Settings:
        """From a manifest's probe."""
        return cls(
            initial_delay=float(probe.get("initialDelaySeconds") or 0),
            period=float(probe.get("periodSeconds") or 10),
            timeout=float(probe.get("timeoutSeconds") or 1),
            successes=int(probe.get("successThreshold") or 1),
            failures=int(probe.get("failureThreshold") or 3),
            grace=probe.get("terminationGracePeriodSeconds"),
        )


@dataclass
class Tracker:
    """Counts one probe's results in a row."""

    settings: Settings
    _last: bool | None = None
    _run: int = 0

    def observe(self, success: bool) -> bool | None:
        """The probe's verdict after this result: True, False, or None while it is below its threshold."""
        self._run = self._run + 1 if success is self._last else 1
        self._last = success
        needed = self.settings.successes if success else self.settings.failures
        return success if self._run >= needed else None


EAGER_FIRST, EAGER_GROWTH = 0.05, 1.5


def eager_looks(period: float) -> list[float]:
    """Offsets (seconds) of the extra looks between two scheduled probes of a container that has not
    succeeded yet.

    A scheduled probe that comes just too early costs a start a whole period. The extra looks notice the first
    success at once; a failed one counts for nothing, so no container fares worse than with a kubelet.
    """
    offsets, step, at = [], EAGER_FIRST, EAGER_FIRST
    while at < period * 0.95:
        offsets.append(at)
        step = min(step * EAGER_GROWTH, 1.0)
        at += step
    return offsets
