"""What can be seen of a namespace during a rollout: a watch of the kinds that its objects need, no more.

A kind that may not be read takes nothing from the others: what needs it is not judged.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.base.outcome import Failed
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.api.watch import Watcher
from toolkit.cluster.diagnosis.kinds import table
from toolkit.cluster.diagnosis.kinds.rule import Applied
from toolkit.cluster.verdict import baseline
from toolkit.objects.fields import mapping, text, uid
from toolkit.objects.fields import name as name_of
from toolkit.objects.resources import Resource, built_in

Json = dict[str, Any]

# What is asked beside the watch is asked again no sooner than this.
ASK_SECONDS = 3.0
# And what a container waits for: it may come just before that is called missing for good.
HOLD_SECONDS = 1.0
# Kinds that are looked at whoever's they are.
WHOLE = ("Event", "Node")
_REFUSED = (403, 405)
_NOT_SERVED = 404


class Sight:
    """The app's objects as the watch shows them; pods without the restarts that they had before."""

    def __init__(
        self, connection: Connection, namespace: str, selector: str, applied: Sequence[Applied], strange: bool
    ) -> None:
        self._connection = connection
        self._namespace = namespace
        self.has_strangers = strange
        kinds = sorted({each.kind for each in applied})
        rules = [table.rule_of(kind) for kind in kinds]
        needs = dict.fromkeys(["Pod", "ReplicaSet", *kinds, *(kind for rule in rules for kind in rule.needs)])
        helps = [kind for rule in rules for kind in rule.helps if kind not in needs]
        self._needs, self._kinds = tuple(needs), (*needs, *dict.fromkeys(helps))
        self._resources: dict[str, Resource] = {
            each.kind: connection.resource(text(each.object, "apiVersion"), text(each.object, "kind"))
            for each in applied
            if "." in each.kind
        }
        mine = {"labelSelector": selector}
        queries = {kind: {} if kind in WHOLE else mine for kind in (*self._kinds, "Event")}
        self.watcher = Watcher(connection, namespace, queries, self._resources)
        self.hidden: dict[str, Failed] = {}
        self.before: dict[str, int] | None = None
        self.touched: dict[str, Json] = {}
        self._last: dict[tuple[str, str], Json] = {}
        self._rebased: dict[str, Json] = {}
        self._first: dict[str, frozenset[str]] = {}
        self._refused_since: dict[str, float] = {}
        self._held: dict[tuple[str, str, str], tuple[float, bool | None]] = {}
        self._answers: dict[tuple[str, str, tuple[tuple[str, str], ...]], tuple[float, bool | None]] = {}

    @property
    def needed(self) -> tuple[str, ...]:
        """The kinds without which nothing can be said."""
        return tuple(kind for kind in self._needs if kind not in self.hidden)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the namespace that can be seen."""
        return tuple(kind for kind in self._kinds if self.sees(kind) and kind != "Node")

    def hide(self, now: float, patience: float) -> None:
        """Do without the kinds that are refused: at once where they always were, else after some seconds."""
        for kind in self._kinds:
            error = self.watcher.troubles.get(kind)
            if not isinstance(error, ApiError) or not _is_for_good(kind, error):
                self.hidden.pop(kind, None)
                self._refused_since.pop(kind, None)
                continue
            since = self._refused_since.setdefault(kind, now)
            if kind not in self.watcher.synced or now - since >= patience:
                self.hidden[kind] = error

    def begin(self) -> None:
        """A look begins: what changed since the last one counts."""
        if self.before is None:  # what restarted before is not this rollout's doing
            self.before = baseline.restarts(self.watcher.all("Pod"))
        for kind in self._kinds:
            if kind in self.watcher.synced and kind not in self._first:
                self._first[kind] = frozenset(map(name_of, self.watcher.all(kind)))
        self._rebased.clear()
        self.touched.clear()

    def path(self, kind: str, name: str | None = None) -> str:
        """Where a kind lives. Raises KeyError for one that is not looked at and not built in."""
        return (self._resources.get(kind) or built_in(kind)).path(self._namespace, name)

    @property
    def events(self) -> Mapping[str, list[Json]]:
        """Events by the uid and by the Kind/name of what they are about."""
        return self.watcher.events

    def named(self, kind: str, name: str) -> Json | None:
        """The object of that kind and name."""
        found = self.watcher.named(kind, name) if kind in self._kinds else None
        if found is not None:
            self._last[kind, name] = found
        return self._since(found) if found is not None and kind == "Pod" else found

    def last(self, kind: str, name: str) -> Json | None:
        """That object as it was seen last, though it may be gone."""
        return self._last.get((kind, name))

    def space(self) -> Json | None:
        """The namespace as it is, None when there is none, {} when that cannot be told."""
        try:
            return self._connection.find(built_in("Namespace").path(name=self._namespace))
        except Failed:
            return {}

    def all(self, kind: str) -> list[Json]:
        """The app's objects of a kind."""
        return self.watcher.all(kind) if kind in self._kinds else []

    def owned(self, kind: str, owner: str) -> list[Json]:
        """The objects of a kind that the object with that uid controls."""
        found = self.watcher.owned(kind, owner) if kind in self._kinds else []
        return [self._since(pod) for pod in found] if kind == "Pod" else found

    def sees(self, kind: str) -> bool:
        """Whether a kind is looked at, and may be."""
        if kind == "Event":
            return kind not in self.watcher.troubles
        return kind in self._kinds and kind not in self.hidden and kind in self.watcher.synced

    def is_newcomer(self, kind: str, name: str) -> bool:
        """Whether an object was not there yet when the rollout began."""
        return name not in self._first.get(kind, frozenset({name}))

    def elsewhere(self, kind: str, name: str = "", labels: Mapping[str, str] | None = None) -> bool | None:
        """Whether the namespace has that object, whoever's it is; None when nobody can tell."""
        key = (kind, name, tuple(sorted((labels or {}).items())))
        now = time.monotonic()
        asked, answer = self._answers.get(key, (-ASK_SECONDS, None))
        if now - asked >= ASK_SECONDS:
            answer = self._ask(kind, name, labels or {})
            self._answers[key] = (now, answer)
        return answer

    def holds(self, kind: str, name: str, key: str = "") -> bool | None:
        """Whether that object is there at this moment and has a key; None when nobody can tell."""
        now = time.monotonic()
        asked, answer = self._held.get((kind, name, key), (-HOLD_SECONDS, None))
        if now - asked >= HOLD_SECONDS:
            try:
                live = self._connection.find(self.path(kind, name))
                answer = live is not None and (not key or key in mapping(live, "data"))
            except (Failed, KeyError):
                answer = None
            self._held[kind, name, key] = (now, answer)
        return answer

    def _ask(self, kind: str, name: str, labels: Mapping[str, str]) -> bool | None:
        query: dict[str, str | int] = {}
        if not name:
            query = {"labelSelector": ",".join(f"{k}={v}" for k, v in labels.items()), "limit": 1}
        try:
            answer = self._connection.json(
                "GET", self.path(kind, name or None), query=query, timeout=ASK_SECONDS
            )
        except ApiError as error:
            return False if error.status == 404 and name else None
        except (Failed, KeyError):
            return None
        return bool(name or answer.get("items"))

    def _since(self, pod: Json) -> Json:
        key = uid(pod)
        if key not in self._rebased:
            self.touched[key] = pod
            self._rebased[key] = baseline.since(pod, self.before or {})
        return self._rebased[key]

    def troubles(self, *more: str) -> list[str]:
        """Why kinds that are needed, and more, cannot be seen at this moment."""
        known = self.watcher.troubles
        return [known[kind].reason for kind in (*self.needed, *more) if kind in known]


def _is_for_good(kind: str, error: ApiError) -> bool:
    """Whether a kind may not be read, or is not there any more (404 of others: a namespace that is not)."""
    return error.status in _REFUSED or (error.status == _NOT_SERVED and "." in kind)
