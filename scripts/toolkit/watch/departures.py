"""Pods that went: whether a rollout or a scale-down explains it. Times are monotonic seconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from toolkit.cluster.api.watch import Change
from toolkit.objects.fields import number, uid

Json = dict[str, Any]

# Pods and ReplicaSets come in two streams: what explains a pod's end may be heard a moment after it.
EXPLAIN_SECONDS = 2.0
# How long a ReplicaSet that was made smaller explains that its pods go.
SHRINK_SECONDS = 60.0


class _Set(NamedTuple):
    """A ReplicaSet: how many pods it wants, and how many departures a recent shrinking still explains."""

    wanted: int
    shrunk: int = 0
    until: float = 0.0


class _Gone(NamedTuple):
    judged: float
    pod: str
    owner: str


class Departures:
    """The ReplicaSets of an app, and the pods of theirs that went a moment ago."""

    def __init__(self) -> None:
        self._sets: dict[str, _Set] = {}
        self._gone: dict[str, _Gone] = {}

    def take(self, change: Change, now: float) -> None:
        """Take in what a watch saw of ReplicaSets."""
        if change.what == "deleted":
            self._sets.pop(uid(change.object), None)
        elif change.what == "synced":
            present = {uid(each) for each in change.items}
            for key in [key for key in self._sets if key not in present]:
                del self._sets[key]
        for each in _changed(change):
            wanted = number(each, "spec", "replicas", default=1)
            before = self._sets.get(uid(each), _Set(wanted))
            if wanted < before.wanted:
                left = before.shrunk if before.until > now else 0
                before = _Set(wanted, left + before.wanted - wanted, now + SHRINK_SECONDS)
            self._sets[uid(each)] = before._replace(wanted=wanted)

    def note(self, key: str, pod: str, owner: str, now: float) -> None:
        """A pod with that uid and name, of the ReplicaSet with the uid `owner`, is on its way out or gone."""
        self._gone[key] = _Gone(now + EXPLAIN_SECONDS, pod, owner)

    def unexplained(self, now: float) -> list[tuple[str, str]]:
        """(uid, name) of the pods whose ReplicaSet still wants them; each once."""
        due = [(key, gone) for key, gone in self._gone.items() if gone.judged <= now]
        for key, _ in due:
            del self._gone[key]
        return [(key, gone.pod) for key, gone in due if not self._explained(gone.owner, now)]

    def _explained(self, owner: str, now: float) -> bool:
        """Whether a ReplicaSet gave a pod up, or is unknown: gone itself, or not to be seen."""
        found = self._sets.get(owner)
        if found is None or not found.wanted:
            return True
        if found.shrunk and found.until > now:
            self._sets[owner] = found._replace(shrunk=found.shrunk - 1)
            return True
        return False


def _changed(change: Change) -> Iterable[Json]:
    if change.what == "synced":
        return change.items
    return [change.object] if change.what == "changed" else []
