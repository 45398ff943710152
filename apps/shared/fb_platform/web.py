"""What all apps' web sides share: probes, JSON errors, request log lines, a server that stops gracefully."""

import contextlib
import json
import re
import signal
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Lifespan, Message, Receive, Scope, Send

from fb_platform import logs
from fb_platform.process import started
from fb_platform.server import Server
from fb_platform.settings import listen_address, number

PROBES = ("/health", "/readiness", "/metrics")
REQUEST_ID = re.compile(r"[\w.:/+=-]{1,128}")


def application(
    routes: Sequence[BaseRoute],
    *,
    ready: Callable[[], Awaitable[None]] | None = None,
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """An app with /health, and with /readiness if `ready` is given (it raises when a dependency is away)."""

    async def health(_: Request) -> Response:
        return PlainTextResponse("healthy")

    async def readiness(_: Request) -> Response:
        try:
            await ready()  # type: ignore[misc]
        except Exception as problem:  # whatever it is, this pod must get no traffic
            logs.warning("not ready", problem)
            return PlainTextResponse("not ready", 503)
        return PlainTextResponse("ready")

    probes: list[BaseRoute] = [Route("/health", health)]
    if ready:
        probes.append(Route("/readiness", readiness))
    return Starlette(
        routes=[*probes, *routes],
        lifespan=lifespan,
        middleware=[Middleware(RequestLog)],
        exception_handlers={HTTPException: _refused, Exception: _broken},
    )


async def body(request: Request, limit: int, kind: str = "") -> bytes:
    """The request's body. 413 above `limit` bytes; 415 when it is not of that media type, if one is given."""
    if kind and request.headers.get("content-type", "").partition(";")[0].strip().lower() != kind:
        raise HTTPException(415, f"the content type must be {kind}")
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > limit:
            raise HTTPException(413, f"the body must not be larger than {limit} bytes")
    return bytes(found)


async def json_body(request: Request, limit: int) -> Any:
    """The request's JSON. 415 for another content type, 413 above `limit` bytes, 400 when it is not JSON."""
    found = await body(request, limit, "application/json")
    try:
        return json.loads(found)
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is not JSON") from None


def serve(name: str, build: Callable[[], Starlette]) -> None:
    """Run the app on $HOST:$PORT until SIGTERM; a missing setting ends the process with one log line."""
    # uvicorn finishes its requests on SIGTERM, then raises the signal again for whoever handled it before:
    # exit 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = started(name, lambda: Server(build(), listen_address(), int(number("PORT", 3000))))
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(3)


class RequestLog:
    """Gives every request an id (the caller's X-Request-Id if there is one) and, but for probes, a line."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.monotonic(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, answer)
        finally:
            if scope["path"] not in PROBES:
                milliseconds = round((time.monotonic() - started) * 1000, 1)
                logs.info(
                    "request",
                    method=scope["method"],
                    route=getattr(scope.get("route"), "path", "none"),
                    status=status,
                    milliseconds=milliseconds,
                    request_id=request_id,
                )


async def _refused(_: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    detail = problem.detail if isinstance(problem, HTTPException) else ""
    headers = problem.headers if isinstance(problem, HTTPException) else None
    return JSONResponse({"message": detail}, status, headers)


async def _broken(_: Request, problem: Exception) -> Response:
    logs.error("request failed", problem)
    return JSONResponse({"message": "internal error"}, 500)
