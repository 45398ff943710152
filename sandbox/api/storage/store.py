"""All objects in memory, every change written through to SQLite first, one resourceVersion for all of them.

Single-threaded: a read, the decision and the commit happen without an await in between, so there are no
locks. An entry is never changed in place; its JSON is made once and serves every get, list and watch.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_left, insort
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sandbox.api.storage.database import DamagedDatabase, Database
from sandbox.api.wire.status import expired, object_too_large
from sandbox.base.kinds import KINDS, Catalogue, KindInfo

Object = dict[str, Any]
Key = tuple[str, str]
LARGEST_OBJECT = 1536 * 1024  # etcd: --max-request-bytes
_AFTER_ALL = "\U0010ffff"


def encode(obj: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(obj, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of one object. `object` is shared: read it, never change it; `copy` gives one to change."""

    info: KindInfo
    namespace: str
    name: str
    version: int
    object: Object
    data: bytes

    def copy(self) -> Object:
        copied: Object = json.loads(self.data)
        return copied


@dataclass(slots=True)
class Change:
    """One commit: `entry` is the new state (of a deletion: the last one, at the version of the deletion)."""

    type: str
    entry: Entry
    previous: Entry | None
    lines: dict[str, bytes] = field(default_factory=dict)
    at: float = field(default_factory=time.monotonic)

    def line(self, type: str, entry: Entry) -> bytes:
        """The watch event as a JSON line; made once for all watchers."""
        made = self.lines.get(type)
        if made is None:
            made = self.lines[type] = b'{"type":"%b","object":%b}\n' % (type.encode(), entry.data)
        return made


class Store:
    """The objects of one cluster. `history` is how many changes are remembered for watches and pagination,
    and `seconds` for how long: upstream has etcd forget what is older (--etcd-compaction-interval)."""

    def __init__(self, database: Database, history: int = 5000, seconds: float = 300.0) -> None:
        self._database = database
        self._seconds = seconds
        self.kinds = Catalogue()
        self._objects: dict[KindInfo, dict[Key, Entry]] = {info: {} for info in KINDS if info.stored}
        self._order: dict[KindInfo, list[Key]] = {info: [] for info in self._objects}
        self._subscribers: dict[KindInfo, set[Callable[[Change], None]]] = defaultdict(set)
        self._changes: deque[Change] = deque(maxlen=history)
        try:
            self._load()
        except BaseException:
            database.close()
            raise

    def _load(self) -> None:
        resources = {info.stored_as: info for info in self._objects}
        self._unread: defaultdict[str, list[tuple[str, str, int, bytes]]] = defaultdict(list)
        for resource, namespace, name, version, data in self._database.load():
            info = resources.get(resource)
            if info is None:  # of a custom kind, which nobody has defined yet
                self._unread[resource].append((namespace, name, version, bytes(data)))
                continue
            obj = self._read(resource, name, data)
            self._objects[info][namespace, name] = Entry(info, namespace, name, version, obj, bytes(data))
        for info, objects in self._objects.items():
            self._order[info] = sorted(objects)
        self.version = self._database.version()

    def _read(self, resource: str, name: str, data: bytes) -> Object:
        try:
            found: Object = json.loads(data)
        except ValueError as error:
            raise DamagedDatabase(self._database.path, f'{resource} "{name}": {error}') from None
        return found

    def serve(self, info: KindInfo) -> None:
        """Serve a custom kind from now on, or serve it by another definition; its objects are there again."""
        before = self.kinds.added(info.resource)
        objects = self._objects.pop(before, {}) if before is not None else {}
        rows = [(*key, entry.version, entry.data) for key, entry in objects.items()]
        adopted: dict[Key, Entry] = {}
        for namespace, name, version, data in [*rows, *self._unread.pop(info.stored_as, ())]:
            obj = {**self._read(info.resource, name, data), "apiVersion": info.api_version, "kind": info.kind}
            adopted[namespace, name] = Entry(info, namespace, name, version, obj, encode(obj))
        self._objects[info], self._order[info] = adopted, sorted(adopted)
        self.kinds.add(info)

    def withdraw(self, info: KindInfo) -> None:
        """Serve a custom kind no more. Its objects, if there are any left, lie in the database."""
        self._objects.pop(info, None)
        self._order.pop(info, None)
        self.kinds.remove(info)

    def get(self, info: KindInfo, namespace: str, name: str) -> Entry | None:
        """The object as it is now; namespace is "" for cluster-wide kinds."""
        return self._objects[info].get((namespace, name))

    def entries(self, info: KindInfo, namespace: str = "", at: int | None = None) -> list[Entry]:
        """Every object of a kind (of one namespace when given) in order, now or `at` an old version.

        Raises 410 when the changes since that version are no longer remembered.
        """
        if at is not None and at != self.version:
            return self._entries_at(info, namespace, at)
        objects = self._objects[info]
        keys = self._order[info]
        if namespace:
            low, high = bisect_left(keys, (namespace, "")), bisect_left(keys, (namespace, _AFTER_ALL))
            keys = keys[low:high]
        return [objects[key] for key in keys]

    def _entries_at(self, info: KindInfo, namespace: str, version: int) -> list[Entry]:
        if version > self.version:
            raise expired(f"resource version {version} is ahead of {self.version}: this cluster was reset")
        past = dict(self._objects[info])
        for change in reversed(list(self.since(version))):
            if change.entry.info == info:
                key = (change.entry.namespace, change.entry.name)
                if change.previous is None:
                    past.pop(key, None)
                else:
                    past[key] = change.previous
        return [past[key] for key in sorted(past) if not namespace or key[0] == namespace]

    @property
    def oldest(self) -> int:
        """The oldest version that a watch or a page can start from."""
        forgotten = time.monotonic() - self._seconds
        while self._changes and self._changes[0].at < forgotten:
            self._changes.popleft()
        return self.version - len(self._changes)

    def since(self, version: int) -> Iterator[Change]:
        """The changes after a version, oldest first; raises 410 when some of them are forgotten."""
        if version < self.oldest:
            raise expired(f"too old resource version: {version} ({self.oldest})")
        return islice(self._changes, len(self._changes) - (self.version - version), None)

    def subscribe(self, info: KindInfo, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Calls back on every change of a kind, at once and in order; the result ends it."""
        self._subscribers[info].add(callback)
        return lambda: self._subscribers[info].discard(callback)

    def put(self, info: KindInfo, obj: Object) -> Entry:
        """Creates or replaces an object, which is the store's from then on, with a new resourceVersion.

        Raises the 500 of etcd for an object of more than LARGEST_OBJECT bytes.
        """
        metadata = obj["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        entry = self._entry(info, namespace, name, obj)
        self._database.put(info.stored_as, namespace, name, entry.version, entry.data)
        previous = self._objects[info].get((namespace, name))
        if previous is None:
            insort(self._order[info], (namespace, name))
        self._objects[info][namespace, name] = entry
        self._publish(Change("ADDED" if previous is None else "MODIFIED", entry, previous))
        return entry

    def remove(self, entry: Entry) -> Entry:
        """Takes an object away; returns its last state at the version of its removal."""
        info, namespace, name = entry.info, entry.namespace, entry.name
        last = self._entry(info, namespace, name, entry.copy())
        self._database.delete(info.stored_as, namespace, name, last.version)
        previous = self._objects[info].pop((namespace, name))
        keys = self._order[info]
        del keys[bisect_left(keys, (namespace, name))]
        self._publish(Change("DELETED", last, previous))
        return last

    def _entry(self, info: KindInfo, namespace: str, name: str, obj: Object) -> Entry:
        version = self.version + 1
        obj["metadata"]["resourceVersion"] = str(version)
        data = encode(obj)
        if len(data) > LARGEST_OBJECT:
            raise object_too_large()
        return Entry(info, namespace, name, version, obj, data)

    def _publish(self, change: Change) -> None:
        self.version = change.entry.version
        self._changes.append(change)
        for callback in tuple(self._subscribers[change.entry.info]):
            callback(change)

    def close(self) -> None:
        """Nothing can be written after this."""
        self._database.close()
