"""Containers that end again and again, or a moment after they were ready: a release that crashes. Pure.

A pod that exits a second after it is ready was ready all the same; what tells it is that it ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from toolkit.cluster.diagnosis import pods
from toolkit.objects.fields import mapping, name, number, objects, text, uid

# Who lives longer than this did not end because of how it starts. Both times are the node's own.
SHORT_SECONDS = 30.0


class Crash(NamedTuple):
    """A container that crashes; sentence is for a person."""

    pod: str
    container: str
    sentence: str


def looping(found: Iterable[Any]) -> list[Crash]:
    """The containers that are held back now because they ended again and again (CrashLoopBackOff)."""
    crashes = []
    for pod, status, ended in _ends(found):
        if text(status, "name") in pods.backing_off(pod):
            times = number(status, "restartCount") + 1
            said = f"is in a crash loop: it ended {times} times, {_how(ended)}"
            crashes.append(_crash(pod, status, said))
    return crashes


def early(found: Iterable[Any], baseline: Mapping[str, int]) -> list[Crash]:
    """The containers that ended since a baseline ("<pod uid>/<container>" -> restarts), a moment after their
    start; those that loop too."""
    found = list(found)
    crashes = {(each.pod, each.container): each for each in looping(found)}
    for pod, status, ended in _ends(found):
        before = baseline.get(f"{uid(pod)}/{text(status, 'name')}", 0)
        is_down = bool(mapping(status, "state", "terminated"))
        times = number(status, "restartCount") - before + is_down
        lived = _seconds(ended)
        if times > 0 and lived is not None and lived < SHORT_SECONDS:
            key = (name(pod), text(status, "name"))
            often = "once" if times == 1 else f"{times} times"
            crashes.setdefault(key, _crash(pod, status, f"ended {often} after the rollout, {_how(ended)}"))
    return list(crashes.values())


def _ends(found: Iterable[Any]) -> Iterator[tuple[Any, Any, Any]]:
    """Each container that ever ended, of pods that are there to stay: pod, status, and how it ended last."""
    for pod in found:
        if pods.leaves(pod) or pods.of_job(pod) or pods.is_over(pod):
            continue
        for status in objects(pod, "status", "containerStatuses"):
            ended = mapping(status, "state", "terminated") or mapping(status, "lastState", "terminated")
            if ended:
                yield pod, status, ended


def _crash(pod: Any, status: Any, said: str) -> Crash:
    container = text(status, "name")
    return Crash(name(pod), container, f"Pod/{name(pod)} container {container} {said}")


def _how(ended: Any) -> str:
    lived = _seconds(ended)
    after = "" if lived is None else f" {lived:.0f} s after its start"
    return (
        f"last{after} ({text(ended, 'reason') or 'no reason given'}, exit code {number(ended, 'exitCode')})"
    )


def _seconds(ended: Any) -> float | None:
    """How long a container lived; None when its times cannot be read."""
    try:
        started, finished = (datetime.fromisoformat(text(ended, key)) for key in ("startedAt", "finishedAt"))
        return (finished - started).total_seconds()
    except (ValueError, TypeError):
        return None
