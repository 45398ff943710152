"""List-and-watch on raw JSON lines that survives drops, half-open streams and 410 Gone.

One thread per kind lists, then follows from the list's version; a stream that ends is taken up where it
stopped, one whose history expired (410) is listed again. An ended stream is never taken for anything else.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Self

import urllib3

from toolkit.cluster import decoding
from toolkit.cluster.connection import Connection
from toolkit.cluster.errors import ApiError
from toolkit.cluster.fields import mapping, number, text, uid
from toolkit.cluster.resources import built_in
from toolkit.cluster.transport import lines_of
from toolkit.outcome import Failed

Json = dict[str, Any]

# The server ends a stream after this long, and we take it up again. A silence longer than the second number
# is a half-open connection: by then the server would have ended the stream itself.
STREAM_SECONDS = 25
SILENCE_SECONDS = 35.0
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 3.0

NOTHING: Json = {}


class Change(NamedTuple):
    """What a watch saw. "synced" carries the whole list, "trouble" why the kind cannot be seen now."""

    kind: str
    what: Literal["changed", "deleted", "synced", "trouble"]
    object: Json = NOTHING
    items: tuple[Json, ...] = ()
    error: Failed | None = None


class Expired(Exception):
    """The server has forgotten the version that a watch would continue from (410 Gone)."""


class Stream:
    """One kind of one namespace, followed by a thread that puts Changes into a queue."""

    def __init__(
        self,
        connection: Connection,
        kind: str,
        path: str,
        query: Mapping[str, str],
        sink: queue.SimpleQueue[Change],
    ) -> None:
        self._connection = connection
        self._kind = kind
        self._path = path
        self._query = dict(query)
        self._sink = sink
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._response: urllib3.BaseHTTPResponse | None = None
        self._thread = threading.Thread(target=self._run, name=f"watch {kind}", daemon=True)

    def start(self) -> None:
        """Begin to list and follow."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end, and wake it from its read."""
        self._stopped.set()
        with self._lock:
            if self._response is not None:
                _wake(self._response)

    def join(self, seconds: float) -> None:
        """Wait for the thread's end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopped.is_set():
            try:
                listing = self._connection.list(self._path, **self._query)
                items = tuple(lean(item, self._kind) for item in listing["items"])
                self._sink.put(Change(self._kind, "synced", items=items))
                self._follow(text(listing, "metadata", "resourceVersion"))
                pause = FIRST_PAUSE
            except Expired:
                continue
            except Failed as error:
                if self._stopped.is_set():
                    return
                self._sink.put(Change(self._kind, "trouble", error=error))
                self._stopped.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _follow(self, version: str) -> None:
        """Follow what comes after a version until stopped. Raises Expired, or Failed when it cannot go on."""
        pause = FIRST_PAUSE
        while not self._stopped.is_set():
            began = time.monotonic()
            version = self._one_stream(version)
            if time.monotonic() - began > 1:
                pause = FIRST_PAUSE
            else:  # a server that ends streams at once must not be asked in a tight loop
                self._stopped.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _one_stream(self, version: str) -> str:
        query: dict[str, str | int] = {
            **self._query,
            "watch": "1",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": STREAM_SECONDS,
            "resourceVersion": version,
        }
        try:
            response = self._connection.stream(self._path, query=query, timeout=SILENCE_SECONDS)
        except ApiError as error:
            if error.status == 410:
                raise Expired from error
            raise
        with self._lock:
            self._response = response
            if self._stopped.is_set():  # stop() came while the answer was on its way: nobody will wake us
                _wake(response)
        try:
            for line in lines_of(response):
                if self._stopped.is_set():
                    break
                version = self._event(line) or version
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            pass  # dropped or silent: taken up again from the last version seen
        finally:
            with self._lock:
                self._response = None
            response.close()
        return version

    def _event(self, line: bytes) -> str:
        """Report one line; its object's version. Raises Expired, ValueError for what is not JSON."""
        event = mapping(decoding.loads(line))
        obj = mapping(event, "object")
        what = event.get("type")
        if what == "ERROR":
            raise Expired if number(obj, "code") == 410 else ValueError(text(obj, "message"))
        if what == "DELETED":
            self._sink.put(Change(self._kind, "deleted", lean(obj, self._kind)))
        elif what in ("ADDED", "MODIFIED"):
            self._sink.put(Change(self._kind, "changed", lean(obj, self._kind)))
        return text(obj, "metadata", "resourceVersion")


class Watcher:
    """Several kinds of one namespace as they are now. wait() takes in what came; one thread may use it."""

    def __init__(
        self, connection: Connection, namespace: str, kinds: Mapping[str, Mapping[str, str]]
    ) -> None:
        """kinds: built-in kind -> query, such as {"Pod": {"labelSelector": "appGroup=fb-submitter"}}."""
        self._queue: queue.SimpleQueue[Change] = queue.SimpleQueue()
        self._known: dict[str, dict[str, Json]] = {kind: {} for kind in kinds}
        self.synced: set[str] = set()
        self.troubles: dict[str, Failed] = {}
        self._streams = [
            Stream(connection, kind, built_in(kind).path(namespace), query, self._queue)
            for kind, query in kinds.items()
        ]

    def __enter__(self) -> Self:
        for stream in self._streams:
            stream.start()
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._streams:
            stream.stop()
        until = time.monotonic() + 2
        for stream in self._streams:
            stream.join(max(0.0, until - time.monotonic()))

    def all(self, kind: str) -> list[Json]:
        """The objects of a kind."""
        return list(self._known[kind].values())

    def named(self, kind: str, name: str) -> Json | None:
        """The object of that kind and name."""
        return next(
            (each for each in self._known[kind].values() if text(each, "metadata", "name") == name), None
        )

    def wait(self, seconds: float) -> list[Change]:
        """What happened, oldest first; returns as soon as something did, [] after that many seconds."""
        try:
            changes = [self._queue.get(timeout=max(0.0, seconds))]
        except queue.Empty:
            return []
        while True:
            try:
                changes.append(self._queue.get_nowait())
            except queue.Empty:
                break
        for change in changes:
            self._take(change)
        return changes

    def _take(self, change: Change) -> None:
        known = self._known[change.kind]
        if change.what == "trouble" and change.error is not None:
            self.troubles[change.kind] = change.error
            return
        self.troubles.pop(change.kind, None)
        if change.what == "synced":
            known.clear()
            known.update((uid(item), item) for item in change.items)
            self.synced.add(change.kind)
        elif change.what == "deleted":
            known.pop(uid(change.object), None)
        else:
            known[uid(change.object)] = change.object


def lean(obj: Json, kind: str) -> Json:
    """The object without the half of it that nobody here reads; with its kind, which items of a list lack."""
    metadata = mapping(obj, "metadata")
    metadata.pop("managedFields", None)
    mapping(metadata, "annotations").pop("kubectl.kubernetes.io/last-applied-configuration", None)
    obj.setdefault("kind", kind)
    return obj


def _wake(response: urllib3.BaseHTTPResponse) -> None:
    """End a read that another thread waits in."""
    try:
        response.shutdown()
    except (OSError, ValueError, RuntimeError, AttributeError):
        response.close()
