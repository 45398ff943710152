"""A suite's code is made ready before it runs; where that cannot be done, nothing is known of the app."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolkit.base.outcome import INCONCLUSIVE, Failed, Kind, Outcome, PipelineError, TimedOut
from toolkit.preparing import prepared
from toolkit.settings.model import App, Ways
from toolkit.settings.request import Request


class NotReady(Failed):
    """A suite could not be made ready: it has found nothing against the app."""

    def __init__(self, reason: str, error: PipelineError) -> None:
        super().__init__(f"{reason}: {error.reason}", remedy=error.remedy, evidence=error.evidence)
        self.kind: Kind = error.kind

    @property
    def outcome(self) -> Outcome:
        """The same, as one that is not held against the release."""
        return super().outcome._replace(details={INCONCLUSIVE: True})


@contextmanager
def or_not_judged(app: App, kind: str) -> Iterator[None]:
    """Raises NotReady for what fails or takes too long inside."""
    try:
        yield
    except (Failed, TimedOut) as error:
        raise NotReady(f"the {kind} suite of {app.name} could not begin", error) from None


def environment(request: Request, kind: str, ways: Ways, home: Path) -> dict[str, str]:
    """What commands of a suite get besides, in the folder that its code is made ready in: made so if it is
    not. Raises what preparing raises."""
    if ways.is_empty:
        return {}
    return prepared.environment(request, ways, home, f"the {kind} suite of {request.app.name}")
