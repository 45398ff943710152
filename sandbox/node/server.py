"""The node's own HTTP endpoint, from which the API takes container logs (kubelet: /containerLogs)."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from aiohttp import web

from sandbox.node.containers import logs
from sandbox.node.containers.container import Container
from sandbox.node.timing.durations import seconds_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Found(Protocol):
    """A pod, as far as its logs matter."""

    inits: list[Container]
    containers: list[Container]


def application(token: str, find: Callable[[str, str], Found | None]) -> web.Application:
    """The endpoint; ``find(namespace, name)`` gives a pod of this node."""

    @web.middleware
    async def authenticated(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if request.path != "/healthz" and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return web.Response(status=401, text="Unauthorized")
        return await handler(request)

    async def container_logs(request: web.Request) -> web.StreamResponse:
        return await _container_logs(request, find)

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application(middlewares=[authenticated])
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", container_logs)
    return app


def wanted_of(query: Mapping[str, str]) -> logs.Wanted:
    """The options of pods/log. Raises ValueError for a number that is none."""
    since = query.get("sinceSeconds")
    moment = query.get("sinceTime")
    return logs.Wanted(
        tail=int(query["tailLines"]) if "tailLines" in query else None,
        since=time.time() - float(since) if since else seconds_of(moment) if moment else None,
        limit=int(query["limitBytes"]) if "limitBytes" in query else None,
        timestamps=_true(query, "timestamps"),
    )


def _true(query: Mapping[str, str], name: str) -> bool:
    return name in query and query[name].lower() not in ("false", "0")


async def _container_logs(
    request: web.Request, find: Callable[[str, str], Found | None]
) -> web.StreamResponse:
    namespace, name, wanted = (request.match_info[part] for part in ("namespace", "pod", "container"))
    pod = find(namespace, name)
    if pod is None:
        return web.Response(status=404, text=f'pod "{name}" not found')
    container = next((one for one in [*pod.inits, *pod.containers] if one.spec["name"] == wanted), None)
    if container is None:
        return web.Response(status=404, text=f'container "{wanted}" in pod "{name}" is not available')
    previous = _true(request.query, "previous")
    path = container.log(previous)
    if path is None:
        if previous:
            text = f'previous terminated container "{wanted}" in pod "{name}" not found'
        else:
            reason = (container.view.state.get("waiting") or {}).get("reason", "unknown")
            if reason in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName"):
                reason = "trying and failing to pull image"
            text = f'container "{wanted}" in pod "{name}" is waiting to start: {reason}'
        return web.Response(status=400, text=text)
    try:
        options = wanted_of(request.query)
    except ValueError as error:
        return web.Response(status=400, text=f"not a number: {error}")
    answer = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
    await answer.prepare(request)
    try:
        if _true(request.query, "follow") and not previous:
            async for piece in logs.follow(path, options, container.quiet):
                await answer.write(piece)
        else:
            for piece in logs.read(path, options):
                await answer.write(piece)
                await asyncio.sleep(0)
        await answer.write_eof()
    except (ConnectionError, asyncio.CancelledError):
        pass  # the reader went away
    return answer
