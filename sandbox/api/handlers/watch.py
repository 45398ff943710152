"""watch: one JSON line per change, until the client, the timeout or the server ends it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Iterable

from aiohttp import web

from sandbox.api.calls.call import Call
from sandbox.api.reading import rendering
from sandbox.api.reading.pages import page, parse_version
from sandbox.api.storage.store import Change, Entry, Store, encode
from sandbox.api.wire.negotiation import Form
from sandbox.api.wire.selectors import Predicate, selector
from sandbox.api.wire.status import StatusError, bad_request, expired

# A client that has fallen this far behind is cut off and lists again, as upstream does with slow watchers.
_BACKLOG = 20_000
_CHUNK = 512


class Watcher:
    """Collects the changes of one kind for one client, and turns those that concern it into lines."""

    def __init__(self, call: Call) -> None:
        target, query = call.target, call.query
        fields = query.get("fieldSelector", "")
        if target.name:
            fields = ",".join(part for part in (fields, f"metadata.name={target.name}") if part)
        self.info, self.namespace, self.form = target.info, target.namespace, call.form
        self.include = query.get("includeObject", "")
        self.matches: Predicate | None = selector(query.get("labelSelector", ""), fields, target.info.native)
        self.pending: deque[Change] = deque()
        self.wake = asyncio.Event()
        self.first = True
        self.view = call.view

    def notice(self, change: Change) -> None:
        """Called by the store at every change of the kind."""
        self.pending.append(change)
        self.wake.set()

    def initial(self, entries: Iterable[Entry]) -> list[bytes]:
        """What is there already, as ADDED."""
        return [self._line(Change("ADDED", entry, None), "ADDED", entry) for entry in entries]

    def take(self) -> list[bytes]:
        """Lines for up to a chunk of the collected changes."""
        lines = []
        for _ in range(min(len(self.pending), _CHUNK)):
            change = self.pending.popleft()
            if not self.namespace or change.entry.namespace == self.namespace:
                line = self._concerning(change)
                if line:
                    lines.append(line)
        if not self.pending:
            self.wake.clear()
        return lines

    def _concerning(self, change: Change) -> bytes | None:
        """What enters the selection is ADDED, what leaves it is DELETED as it last was inside."""
        matches, entry, previous = self.matches, change.entry, change.previous
        if matches is None:
            return self._line(change, change.type, entry)
        before = previous is not None and matches(previous.object)
        now = change.type != "DELETED" and matches(entry.object)
        if now:
            return self._line(change, "MODIFIED" if before else "ADDED", entry)
        if not before or previous is None:
            return None
        if change.type == "DELETED":
            return self._line(change, "DELETED", entry)
        obj = previous.copy()
        obj["metadata"]["resourceVersion"] = str(entry.version)
        last = Entry(entry.info, entry.namespace, entry.name, entry.version, obj, encode(obj))
        return self._line(Change("DELETED", last, None), "DELETED", last)

    def _line(self, change: Change, type: str, entry: Entry) -> bytes:
        if self.form is Form.OBJECT and self.view is not None:
            return encode(self.view.outward({"type": type, "object": entry.object})) + b"\n"
        if self.form is Form.OBJECT:
            return change.line(type, entry)
        first, self.first = self.first, False
        return rendering.event(type, entry, self.form, self.include, first)


async def watch(call: Call) -> web.StreamResponse:
    """Streams events from a resourceVersion on; without one (or 0), what is there comes first as ADDED.

    A version that is too old is answered with an ERROR event that carries a Status 410, as upstream does.
    """
    store = call.cluster.store
    watcher = Watcher(call)
    timeout = call.number("timeoutSeconds") or random.randint(1800, 3600)  # noqa: S311 - spreads reconnects
    bookmarks = call.flag("allowWatchBookmarks")
    lines = _beginning(call, watcher, store, bookmarks)
    unsubscribe = store.subscribe(watcher.info, watcher.notice)
    call.cluster.watches.add(watcher.wake)
    response = web.StreamResponse(
        headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
    )
    try:
        await response.prepare(call.request)
        for start in range(0, len(lines), _CHUNK):
            await response.write(b"".join(lines[start : start + _CHUNK]))
        if not isinstance(lines, _Refused):
            await _stream(call, watcher, response, time.monotonic() + timeout, bookmarks)
        await response.write_eof()
    except ConnectionError:
        pass  # the client is gone: there is nobody to tell
    finally:
        call.cluster.watches.discard(watcher.wake)
        unsubscribe()
    return response


class _Refused(list[bytes]):
    """The lines of a watch that ends at once."""


def _beginning(call: Call, watcher: Watcher, store: Store, bookmarks: bool) -> list[bytes]:
    query = call.query
    asked = parse_version(query.get("resourceVersion", ""))
    send_initial = call.flag("sendInitialEvents")
    if "sendInitialEvents" in query and query.get("resourceVersionMatch") != "NotOlderThan":
        raise bad_request("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
    if send_initial or (not asked and "sendInitialEvents" not in query):
        entries, _ = page(store, watcher.info, watcher.namespace, watcher.matches)
        lines = watcher.initial(entries)
        if send_initial and bookmarks:
            lines.append(rendering.bookmark(watcher.info, watcher.form, store.version, initial_end=True))
        return lines
    if not asked:
        return []
    try:
        if asked > store.version:
            raise expired(f"resource version {asked} is ahead of {store.version}: this cluster was reset")
        for change in store.since(asked):
            if change.entry.info == watcher.info:
                watcher.notice(change)
    except StatusError as error:
        return _Refused([encode({"type": "ERROR", "object": error.body()}) + b"\n"])
    return []


async def _stream(
    call: Call, watcher: Watcher, response: web.StreamResponse, deadline: float, bookmarks: bool
) -> None:
    cluster = call.cluster
    next_bookmark = time.monotonic() + cluster.bookmark_seconds
    while not cluster.stopping and len(watcher.pending) < _BACKLOG:
        lines = watcher.take()
        now = time.monotonic()
        if bookmarks and not watcher.pending and now >= min(next_bookmark, deadline):
            lines.append(rendering.bookmark(watcher.info, watcher.form, cluster.store.version))
            next_bookmark = now + cluster.bookmark_seconds
        if lines:
            await response.write(b"".join(lines))
        if now >= deadline:
            return
        if not watcher.pending:
            until = min(deadline, next_bookmark) if bookmarks else deadline
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(until - now, 0)):
                    await watcher.wake.wait()
