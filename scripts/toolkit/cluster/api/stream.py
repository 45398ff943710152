"""List-and-watch on raw JSON lines that survives drops, half-open streams and 410 Gone.

One thread per kind lists, then follows from the list's version; a stream that ends is taken up where it
stopped, one whose history expired (410) is listed again. A kind that may be listed and not watched is listed
again and again. An ended stream is never taken for anything else,
and how long a kind could not be seen is known: nothing may be concluded from what was seen before.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import urllib3

from toolkit.base.outcome import Failed
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError, retry_after
from toolkit.cluster.api.transport import lines_of
from toolkit.objects import decoding
from toolkit.objects.fields import mapping, number, text

Json = dict[str, Any]

# The server ends a stream after this long, and we take it up again. A silence longer than the second number
# is a half-open connection: by then the server would have ended the stream itself.
STREAM_SECONDS = 25
SILENCE_SECONDS = 35.0
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 3.0
LONGEST_ASKED_FOR = 30.0
# Between two lists of what may not be watched.
LIST_SECONDS = 2.0
_REFUSED = (403, 405)
# A reader that is this far ahead lets the server wait: memory stays flat however fast things change.
AHEAD = 2000

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


class Unwatchable(Exception):
    """The server lets nobody with this credential watch what it has just listed."""


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
        self._doubted = threading.Event()
        self._lock = threading.Lock()
        self._response: urllib3.BaseHTTPResponse | None = None
        self._blind_since: float | None = time.monotonic()
        self._broken = False
        self._is_listed_only = False
        self._thread = threading.Thread(target=self._run, name=f"watch {kind}", daemon=True)

    def start(self) -> None:
        """Begin to list and follow."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end, and wake it from its read."""
        self._stopped.set()
        self._wake()

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        self._thread.join(seconds)

    def doubt(self) -> None:
        """List anew: what the stream says, or does not say, is not believed."""
        self._doubted.set()
        self._wake()

    def blind(self) -> float:
        """For how many seconds the server has not been seen; 0 while a stream is open."""
        since = self._blind_since
        return 0.0 if since is None else time.monotonic() - since

    def _wake(self) -> None:
        with self._lock:
            if self._response is not None:
                _wake(self._response)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopped.is_set():
            self._doubted.clear()
            try:
                listing = self._connection.list(self._path, **self._query)
                items = tuple(lean(item, self._kind) for item in listing["items"])
                self._put(Change(self._kind, "synced", items=items))
                if self._is_listed_only:
                    self._blind_since = None
                    self._stopped.wait(LIST_SECONDS)
                else:
                    self._follow(text(listing, "metadata", "resourceVersion"))
                pause = FIRST_PAUSE
            except Expired:
                continue
            except Unwatchable:
                self._is_listed_only = True
            except Failed as error:
                if self._blind_since is None:
                    self._blind_since = time.monotonic()
                if self._stopped.is_set():
                    return
                self._put(Change(self._kind, "trouble", error=error))
                asked = retry_after(error) if isinstance(error, ApiError) else 0
                self._stopped.wait(max(pause, min(asked, LONGEST_ASKED_FOR)))
                pause = min(pause * 2, LONGEST_PAUSE)

    def _put(self, change: Change) -> None:
        while self._sink.qsize() > AHEAD and not self._stopped.wait(0.02):
            pass
        self._sink.put(change)

    def _follow(self, version: str) -> None:
        """Follow what comes after a version until stopped. Raises Expired, Unwatchable or Failed."""
        pause = FIRST_PAUSE
        while not self._stopped.is_set():
            began = time.monotonic()
            version = self._one_stream(version)
            if self._doubted.is_set():
                raise Expired
            if self._broken:
                self._check_history(version)
            if time.monotonic() - began > 1:
                pause = FIRST_PAUSE
            else:  # a server that ends streams at once must not be asked in a tight loop
                self._stopped.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _check_history(self, version: str) -> None:
        """Raises Expired when the server counts from lower versions: it started over, with other objects."""
        now = text(self._connection.get(self._path, **self._query, limit=1), "metadata", "resourceVersion")
        if now.isdigit() and version.isdigit() and int(now) < int(version):
            raise Expired

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
            if error.status in _REFUSED:
                raise Unwatchable from error
            raise
        with self._lock:
            self._response = response
            # stop() or doubt() may have come while the answer was on its way: nobody will wake us
            if self._stopped.is_set() or self._doubted.is_set():
                _wake(response)
            self._blind_since = None
        self._broken = False
        try:
            for line in lines_of(response):
                if self._stopped.is_set():
                    break
                version = self._event(line) or version
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            self._broken = True  # dropped or silent: taken up again from the last version seen
        finally:
            with self._lock:
                self._response = None
                self._blind_since = time.monotonic()
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
            self._put(Change(self._kind, "deleted", lean(obj, self._kind)))
        elif what in ("ADDED", "MODIFIED"):
            self._put(Change(self._kind, "changed", lean(obj, self._kind)))
        return text(obj, "metadata", "resourceVersion")


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
