"""A namespace from a list of objects: for what was kept in files, or listed once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from toolkit.cluster.api.event_index import events_by_object
from toolkit.cluster.diagnosis.kinds.routes import chosen
from toolkit.cluster.diagnosis.kinds.rule import Json
from toolkit.cluster.diagnosis.kinds.table import DATA, TABLE, kind_of
from toolkit.objects.fields import mapping, owner
from toolkit.objects.fields import name as name_of


class Shown:
    """Everything that there is, as objects of any kind in any order.

    first are those of when the rollout began (None: the same), unseen the kinds that may not be read, foreign
    the objects of other apps.
    """

    def __init__(
        self,
        found: Iterable[Json],
        first: Iterable[Json] | None = None,
        unseen: Collection[str] = (),
        foreign: Iterable[Json] = (),
    ) -> None:
        self._kinds: dict[str, dict[str, Json]] = defaultdict(dict)
        for obj in found:
            self._kinds[kind_of(obj)][name_of(obj)] = obj
        self.events: Mapping[str, list[Json]] = events_by_object(self._kinds.pop("Event", {}).values())
        self._before = list(first or ())
        self._first = None if first is None else {(kind_of(obj), name_of(obj)) for obj in first}
        self._unseen = unseen
        self._foreign = list(foreign)

    @property
    def has_strangers(self) -> bool:
        """Whether there are custom resources."""
        return any(kind not in TABLE and kind not in DATA for kind in self._kinds)

    def named(self, kind: str, name: str) -> Json | None:
        """The object of that kind and name."""
        return self._kinds[kind].get(name) if kind in self._kinds else None

    def last(self, kind: str, name: str) -> Json | None:
        """That object as it was seen last."""
        before = (obj for obj in self._before if (kind_of(obj), name_of(obj)) == (kind, name))
        return self.named(kind, name) or next(before, None)

    def space(self) -> Json | None:
        """Nothing is known of the namespace."""
        return {}

    def all(self, kind: str) -> list[Json]:
        """The objects of a kind."""
        return list(self._kinds[kind].values()) if kind in self._kinds else []

    def owned(self, kind: str, owner_: str) -> list[Json]:
        """The objects of a kind that the object with that uid controls."""
        return [obj for obj in self.all(kind) if owner(obj) == owner_ != ""]

    def sees(self, kind: str) -> bool:
        """Whether a kind may be read."""
        return kind not in self._unseen

    def is_newcomer(self, kind: str, name: str) -> bool:
        """Whether an object was not there yet when the rollout began."""
        return self._first is not None and (kind, name) not in self._first

    def holds(self, kind: str, name: str, key: str = "") -> bool | None:
        """Whether that object is there, and has a key."""
        if not self.sees(kind):
            return None
        found = next((each for each in self._every(kind) if name_of(each) == name), None)
        return found is not None and (not key or key in mapping(found, "data"))

    def elsewhere(self, kind: str, name_: str = "", labels: Mapping[str, str] | None = None) -> bool | None:
        """Whether that object is there, the app's or another's."""
        if not self.sees(kind):
            return None
        every = self._every(kind)
        if name_:
            return any(name_of(obj) == name_ for obj in every)
        return any(chosen(labels or {}, mapping(obj, "metadata", "labels")) for obj in every)

    def _every(self, kind: str) -> list[Json]:
        return [*self.all(kind), *(obj for obj in self._foreign if kind_of(obj) == kind)]
