"""How the sandbox's own parts talk to its API: a small asynchronous Kubernetes client and a cache that
follows it.

The controllers and the node know the API only through this module, on raw JSON. A request either answers with
the decoded object or raises ApiError; a server that cannot be reached is an ApiError too (status 0, reason
"Unreachable"), so that one ``except`` is enough for code that is going to try again anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

Object = dict[str, Any]
Key = tuple[str, str]  # (namespace, name); the namespace of a cluster-scoped object is ""
Handler = Callable[[str, Object, Object | None], None]

REQUEST_SECONDS = 10.0  # the server is on this machine: what takes longer is lost, and asked again
WATCH_SECONDS = 300  # the server ends a watch after this long; the next one continues where it ended
SHORTEST_RETRY, LONGEST_RETRY = 0.05, 2.0

log = logging.getLogger(__name__)


class ApiError(Exception):
    """An answer that is not a success. ``status`` is the HTTP code (0: the server was not reached),
    ``reason`` the API's own word for it: NotFound, Conflict, AlreadyExists, Expired, Forbidden, Invalid,
    Unreachable, ..."""

    def __init__(self, status: int, reason: str = "", message: str = "") -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status, self.reason, self.message = status, reason, message


def path(
    api_version: str,
    plural: str,
    namespace: str | None = None,
    name: str | None = None,
    subresource: str | None = None,
) -> str:
    """The request path of a collection, an object or a subresource.

    >>> path("apps/v1", "deployments", "default", "web", "scale")
    '/apis/apps/v1/namespaces/default/deployments/web/scale'
    >>> path("v1", "nodes")
    '/api/v1/nodes'
    """
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    space = f"/namespaces/{namespace}" if namespace else ""
    return "/".join([f"{root}{space}/{plural}", *(part for part in (name, subresource) if part)])


def key_of(obj: Object) -> Key:
    """(namespace, name) of an object, namespace "" when it has none."""
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _encoded(query: dict[str, Any]) -> dict[str, str]:
    words = {True: "true", False: "false"}
    return {k: words[v] if isinstance(v, bool) else str(v) for k, v in query.items() if v is not None}


def _error(status: int, body: str, fallback: str) -> ApiError:
    """ApiError from a Status object, or from whatever else the server said."""
    with contextlib.suppress(ValueError, AttributeError):
        answer = json.loads(body)
        return ApiError(
            int(answer.get("code", status)), answer.get("reason", ""), answer.get("message", fallback)
        )
    return ApiError(status, fallback, body[:500])


class Client:
    """A connection pool to one API server; an async context manager. ``server`` is a URL without a path.

    ``agent`` goes into the User-Agent, from which the API names the writer in managedFields.
    """

    def __init__(self, server: str, token: str, agent: str = "sandbox") -> None:
        self.server = server.rstrip("/")
        self._token, self._agent = token, agent
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers={
                "Authorization": f"Bearer {self._token}",
                "Accept": "application/json",
                "User-Agent": f"{self._agent}/sandbox",
            },
            connector=aiohttp.TCPConnector(
                limit=0
            ),  # watches hold their connection, so a limit would starve requests
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str, **query: Any) -> Object:
        """An object, or a collection's List; ``query`` as in the API (labelSelector, fieldSelector, ...)."""
        return await self._send("GET", path, None, query)

    async def create(self, path: str, obj: Object, **query: Any) -> Object:
        """POST to a collection (or to a subresource such as pods/x/binding)."""
        return await self._send("POST", path, obj, query)

    async def replace(self, path: str, obj: Object) -> Object:
        """PUT; refused with Conflict when obj carries a resourceVersion that is no longer the newest."""
        return await self._send("PUT", path, obj, {})

    async def merge(self, path: str, patch: Object) -> Object:
        """PATCH as application/merge-patch+json (RFC 7386): null removes, lists are replaced whole."""
        return await self._send("PATCH", path, patch, {}, content_type="application/merge-patch+json")

    async def delete(
        self, path: str, *, grace: int | None = None, propagation: str | None = None, uid: str | None = None
    ) -> None:
        """DELETE. ``grace`` in seconds, ``propagation`` Background|Foreground|Orphan; 409 if ``uid``
        differs."""
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        if propagation is not None:
            options["propagationPolicy"] = propagation
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        await self._send("DELETE", path, options, {})

    async def watch(self, path: str, resource_version: str, **query: Any) -> AsyncIterator[Object]:
        """Watch events {"type", "object"} after resource_version, with bookmarks, until the server ends the
        watch.

        Raises ApiError(410) when that version has expired, ApiError(0) when the connection is lost.
        """
        wanted = {"watch": True, "resourceVersion": resource_version, "allowWatchBookmarks": True}
        wanted |= {"timeoutSeconds": WATCH_SECONDS} | query
        patience = aiohttp.ClientTimeout(
            total=None, connect=REQUEST_SECONDS, sock_read=WATCH_SECONDS + REQUEST_SECONDS
        )
        try:
            async with self._open().get(
                self.server + path, params=_encoded(wanted), timeout=patience
            ) as answer:
                if answer.status >= 400:
                    raise _error(answer.status, await answer.text(), answer.reason or "")
                # Split here because aiohttp's readline refuses lines beyond its buffer, and objects can be
                # larger.
                rest = b""
                async for chunk in answer.content.iter_any():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in filter(None, lines):
                        event = json.loads(line)
                        if event["type"] == "ERROR":
                            raise _error(500, json.dumps(event["object"]), "watch failed")
                        yield event
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ApiError(0, "Unreachable", f"watch of {path}: {error or type(error).__name__}") from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("Client is an async context manager: use `async with Client(...) as client`")
        return self._session

    async def _send(
        self,
        method: str,
        path: str,
        body: Object | None,
        query: dict[str, Any],
        content_type: str = "application/json",
    ) -> Object:
        data = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": content_type}
        patience = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
        try:
            async with self._open().request(
                method,
                self.server + path,
                data=data,
                headers=headers,
                params=_encoded(query),
                timeout=patience,
            ) as answer:
                text = await answer.text()
                if answer.status >= 400:
                    raise _error(answer.status, text, answer.reason or "")
                return json.loads(text) if text else {}
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ApiError(0, "Unreachable", f"{method} {path}: {error or type(error).__name__}") from error


class Informer:
    """A local copy of a collection that follows the server through drops, restarts and 410 Gone.

    ``selectors`` are labelSelector and fieldSelector. ``items`` are shared: copy one before changing it.
    ``version`` is the newest resourceVersion that they reflect, as a number.
    """

    def __init__(
        self, client: Client, api_version: str, plural: str, namespace: str | None = None, **selectors: str
    ) -> None:
        self.items: dict[Key, Object] = {}
        self.synced = asyncio.Event()
        self.version = 0
        self.api_version, self.plural = api_version, plural
        self._client, self._selectors = client, selectors
        self._path = path(api_version, plural, namespace)
        self._handlers: list[Handler] = []

    def subscribe(self, callback: Handler) -> None:
        """``callback(type, new, old)`` hears ADDED (old None; also what is known now), MODIFIED, DELETED."""
        self._handlers.append(callback)
        for obj in list(self.items.values()):
            self._tell(callback, "ADDED", obj, None)

    async def run(self) -> None:
        """List, then watch, for ever; a failure is retried after 50 ms doubling to 2 s."""
        pause, clock = SHORTEST_RETRY, asyncio.get_running_loop().time
        while True:
            started = clock()
            try:
                version = await self._list()
                lasted = LONGEST_RETRY
                while (
                    lasted >= LONGEST_RETRY
                ):  # a watch that ends at once is a server going down: pause, list again
                    started = clock()
                    version = await self._follow(version)
                    lasted = clock() - started
            except ApiError as error:
                log.debug("%s: %s", self._path, error)
            except (ValueError, KeyError):  # an answer that is no list and no event: say so, then start again
                log.exception("%s: not understood", self._path)
            pause = SHORTEST_RETRY if clock() - started >= LONGEST_RETRY else min(pause * 2, LONGEST_RETRY)
            await asyncio.sleep(pause)

    async def _list(self) -> str:
        answer = await self._client.get(self._path, **self._selectors)
        # Items of a List carry no kind of their own on a real server; watch events do. One shape serves every
        # reader.
        kind = {"apiVersion": self.api_version, "kind": answer.get("kind", "").removesuffix("List")}
        listed = {key_of(obj): {**kind, **obj} for obj in answer.get("items") or []}
        self._reach(answer)
        for key in self.items.keys() - listed.keys():
            self._forget(self.items[key])
        for obj in listed.values():
            self._store(obj)
        self.synced.set()
        return str(answer["metadata"]["resourceVersion"])

    def _reach(self, obj: Object) -> str:
        version = str(obj["metadata"]["resourceVersion"])
        self.version = max(self.version, int(version))
        return version

    async def _follow(self, version: str) -> str:
        async for event in self._client.watch(self._path, version, **self._selectors):
            obj = event["object"]
            version = self._reach(obj)
            if event["type"] == "DELETED":
                self._forget(obj)
            elif event["type"] != "BOOKMARK":
                self._store(obj)
        return version

    def _store(self, obj: Object) -> None:
        old = self.items.get(key_of(obj))
        if old is not None and old["metadata"]["uid"] != obj["metadata"]["uid"]:
            self._forget(old)  # deleted and created again while nobody was looking
            old = None
        if old is not None and old["metadata"]["resourceVersion"] == obj["metadata"]["resourceVersion"]:
            return
        self.items[key_of(obj)] = obj
        for handler in self._handlers:
            self._tell(handler, "ADDED" if old is None else "MODIFIED", obj, old)

    def _forget(self, obj: Object) -> None:
        old = self.items.pop(key_of(obj), None)
        for handler in self._handlers:
            self._tell(handler, "DELETED", obj, old)

    def _tell(self, handler: Handler, kind: str, new: Object, old: Object | None) -> None:
        try:
            handler(kind, new, old)
        except Exception:
            log.exception("a subscriber of %s failed on %s", self._path, key_of(new))
