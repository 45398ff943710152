"""Events by what they are about: found at once, and never more of them than somebody will read."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from toolkit.objects.fields import mapping, text, uid

Json = dict[str, Any]

# A kubelet repeats itself in one event's count: few of them tell everything about an object.
EVENTS_PER_OBJECT = 20
# So many objects that are not (or not yet) known may have events: a pod's may be here before the pod is.
STRANGERS = 500


def event_time(event: Any) -> str:
    """When an event was last seen, as text that sorts (RFC 3339)."""
    stamps = [
        text(event, "series", "lastObservedTime"),
        text(event, "lastTimestamp"),
        text(event, "eventTime"),
    ]
    return next((stamp for stamp in stamps if stamp), text(event, "metadata", "creationTimestamp"))


def about(event: Any) -> str:
    """Kind/name of what an event is about."""
    subject = mapping(event, "involvedObject")
    return f"{text(subject, 'kind')}/{text(subject, 'name')}"


def in_order(events: Iterable[Json]) -> list[Json]:
    """Oldest first; of the same second, the one that was written first, in whatever order they came."""
    return sorted(events, key=_age)


def _age(event: Json) -> tuple[str, int, str, str, str]:
    version = text(event, "metadata", "resourceVersion")
    return (
        event_time(event), len(version), version, text(event, "metadata", "name"), text(event, "message"),
    )  # fmt: skip


def events_by_object(events: Iterable[Any]) -> dict[str, list[Json]]:
    """Events by the uid and by the Kind/name of what they are about, oldest first."""
    known: dict[str, list[Json]] = defaultdict(list)
    for event in in_order(each for each in events if isinstance(each, dict)):
        subject = text(event, "involvedObject", "uid")
        if subject:
            known[subject].append(event)
        known[about(event)].append(event)
    return dict(known)


class EventIndex(Mapping[str, list[Json]]):
    """The newest events of each object, by its uid and by its Kind/name; the same as events_by_object gives.

    Of objects that are not ours the ones that were not heard of for the longest time are forgotten.
    """

    def __init__(self, is_ours: Callable[[str, str], bool]) -> None:
        """is_ours says whether an object, by kind and name, is one whose events are wanted."""
        self._is_ours = is_ours
        self._events: OrderedDict[str, dict[str, Json]] = OrderedDict()  # Kind/name -> event uid -> event
        self._names: dict[str, str] = {}  # object's uid -> Kind/name
        self._place: dict[str, str] = {}  # event's uid -> Kind/name
        self._sorted: dict[str, list[Json]] = {}  # what was asked for and has not changed since
        self._next_sweep = 2 * STRANGERS

    def put(self, event: Json) -> None:
        """Take in an event that is new, or was repeated."""
        key, subject = about(event), text(event, "involvedObject", "uid")
        mine = self._events.setdefault(key, {})
        self._events.move_to_end(key)
        mine.pop(uid(event), None)
        mine[uid(event)] = event
        self._place[uid(event)] = key
        self._sorted.pop(key, None)
        self._sorted.pop(subject, None)
        if subject:
            self._names[subject] = key
        while len(mine) > EVENTS_PER_OBJECT:
            self._forget(mine, next(iter(mine)))
        if len(self._events) >= self._next_sweep:
            self._sweep()

    def _sweep(self) -> None:
        strangers = [key for key in self._events if not self._is_ours(*key.split("/", 1))]
        for key in strangers[:-STRANGERS]:
            gone = self._events.pop(key)
            for each in list(gone):
                self._forget(gone, each)
        self._next_sweep = 2 * max(len(self._events), STRANGERS)

    def drop(self, event: Json) -> None:
        """Forget an event that expired."""
        key = self._place.get(uid(event), "")
        mine = self._events.get(key)
        if mine is None:
            return
        self._forget(mine, uid(event))
        if not mine:
            del self._events[key]

    def clear(self) -> None:
        """Forget everything."""
        self._events.clear()
        self._names.clear()
        self._place.clear()
        self._sorted.clear()

    def all(self) -> list[Json]:
        """Every event that is kept, in no order."""
        return [event for events in self._events.values() for event in events.values()]

    def _forget(self, events: dict[str, Json], which: str) -> None:
        gone = events.pop(which, None)
        self._place.pop(which, None)
        subject = text(gone, "involvedObject", "uid")
        self._sorted.pop(about(gone), None)
        self._sorted.pop(subject, None)
        if subject and not any(text(each, "involvedObject", "uid") == subject for each in events.values()):
            self._names.pop(subject, None)

    def __getitem__(self, key: str) -> list[Json]:
        """The events about an object, by its uid (then of that one only) or by Kind/name; oldest first."""
        known = self._sorted.get(key)
        if known is None:
            mine = self._events[self._names.get(key, key)].values()
            by_uid = key in self._names
            known = in_order(
                event for event in mine if not by_uid or text(event, "involvedObject", "uid") == key
            )
            self._sorted[key] = known
        return known

    def __iter__(self) -> Iterator[str]:
        return iter([*self._names, *self._events])

    def __len__(self) -> int:
        return len(self._names) + len(self._events)
