"""The spaces of an environment side by side: a thread each, one's failure lets the others finish."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from toolkit.base import tools
from toolkit.base.outcome import INCONCLUSIVE, Interrupted, Outcome, PipelineError, worst

# How long the spaces get, once the run is interrupted, to let go of what they hold.
LEAVE_SECONDS = 10.0
WAKE_SECONDS = 0.5

Say = Callable[[str], None]


@dataclass(frozen=True)
class Space:
    """One space's own voice and its sign to stop."""

    name: str
    say: Say
    stop: threading.Event

    def pause(self, seconds: float) -> None:
        """Wait that long. Raises Interrupted at once when the run is to stop."""
        if self.stop.wait(max(0.0, seconds)):
            raise Interrupted(f"{self.name}: interrupted")

    def check(self) -> None:
        """Raises Interrupted when the run is to stop."""
        self.pause(0)


def side_by_side(
    spaces: Sequence[str], work: Callable[[Space], Outcome], say: Say, *, title: str = ""
) -> Outcome:
    """Work on every space at once and judge them together; reasons and evidence name their space.

    An interruption of the calling thread stops all of them, waits until they let go, and is raised again.
    """
    stop = threading.Event()
    prefix = f"{title} " if title else ""

    def one(name: str) -> Outcome:
        def speak(text: str) -> None:
            say(f"[{prefix}{name}] {text}")

        try:
            return _named(name, work(Space(name, speak, stop)))
        except PipelineError as error:
            outcome = _named(name, error.outcome)
            if not stop.is_set():
                speak(f"{outcome.kind}: {error.reason}")
            return outcome

    executor = ThreadPoolExecutor(max_workers=max(1, len(spaces)), thread_name_prefix="space")
    futures: list[Future[Outcome]] = [executor.submit(one, name) for name in spaces]
    try:
        # The kernel may hand a signal to any thread, and Python acts on it when the main one wakes: it must.
        while wait(futures, timeout=WAKE_SECONDS).not_done:
            pass
    except BaseException:
        stop.set()
        tools.stop_all()
        wait(futures, timeout=LEAVE_SECONDS)
        raise
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
    outcomes = [future.result() for future in futures]
    together = worst(outcomes)
    bad = [each for each in outcomes if not each.passed]
    if bad and all(_is_inconclusive(each) for each in bad):
        return together._replace(details={**together.details, INCONCLUSIVE: True})
    return together


def _is_inconclusive(outcome: Outcome) -> bool:
    """The same of an outcome whose details stand under its space's name."""
    return any(isinstance(each, dict) and each.get(INCONCLUSIVE) is True for each in outcome.details.values())


def _named(space: str, outcome: Outcome) -> Outcome:
    """The outcome with the space in its reason and evidence, and its details under the space's name."""
    reason = outcome.reason
    if reason and not reason.startswith(f"{space}:") and f"space {space}:" not in reason:
        reason = f"{space}: {reason}"
    details = {space: dict(outcome.details)} if outcome.details else {}
    return Outcome(outcome.kind, reason, outcome.remedy, outcome.evidence, details)
