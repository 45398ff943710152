"""Passing a request on to something behind the cluster, streaming both bodies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from sandbox.api.calls.call import Call
from sandbox.api.wire.status import method_not_allowed, unavailable

# RFC 9110 7.6.1; the body's framing and encoding is this server's own business.
_HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
_CHUNK = 1 << 16
# Selectors and tokens outgrow the usual 8 KiB.
LARGEST_HEADER = 1 << 17
_CONNECT_SECONDS = 5.0


async def forward(
    call: Call,
    url: str,
    *,
    method: str,
    query: Mapping[str, str] | str,
    headers: Mapping[str, str],
    check: Callable[[int, str], None] | None = None,
) -> web.StreamResponse:
    """Sends the request to `url` and streams the answer back. 503 when nothing answers there.

    `check` gets status and text of an answer other than 2xx, and may raise a Status in its place.
    """
    request = call.request
    target = URL(url, encoded=True)
    target = (
        target.with_query(query)
        if not isinstance(query, str)
        else URL(f"{url}?{query}" if query else url, encoded=True)
    )
    try:
        answer = await call.cluster.session.request(
            method,
            target,
            headers=headers,
            data=_body(request) if request.can_read_body else None,
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise unavailable(f"error trying to reach service: {_why(error)}") from None
    async with answer:
        if check is not None and not 200 <= answer.status < 300:
            check(answer.status, (await answer.content.read(2048)).decode(errors="replace").strip())
        return await _stream_back(request, answer)


async def _body(request: web.Request) -> AsyncIterator[bytes]:
    async for chunk in request.content.iter_chunked(_CHUNK):
        yield chunk


async def _stream_back(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(
        status=answer.status, reason=answer.reason, headers=end_to_end(answer.headers)
    )
    await response.prepare(request)
    try:
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
    except (aiohttp.ClientError, ConnectionError):
        # Half an answer cannot be taken back: cut the connection, so that nobody takes it for a whole one.
        if request.transport is not None:
            request.transport.abort()
    return response


def end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """The headers that are meant for the other end."""
    named = {name.strip().lower() for name in headers.get("Connection", "").split(",")}
    kept: CIMultiDict[str] = CIMultiDict()
    for name, value in headers.items():
        if name.lower() not in _HOP_BY_HOP and name.lower() not in named:
            kept.add(name, value)
    return kept


def request_headers(request: web.Request) -> CIMultiDict[str]:
    """What of a client's headers goes to a pod: never the credential for this API. 405 for upgrades."""
    if request.headers.get("Upgrade"):
        raise method_not_allowed("the sandbox's proxy does not support protocol upgrades")
    kept = end_to_end(request.headers)
    for name in ("Authorization", "Host", "Content-Length"):
        kept.popall(name, None)
    if "Content-Length" in request.headers:
        kept["Content-Length"] = request.headers["Content-Length"]
    kept["X-Forwarded-Uri"] = request.rel_url.raw_path  # as it was written: a header takes no NUL
    kept["X-Forwarded-Proto"] = request.scheme
    kept["X-Forwarded-Host"] = request.host
    return kept


def client_session() -> aiohttp.ClientSession:
    """The session for all that is proxied: bodies as they come, connections reused, no limit on streams."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
    connector: Any = aiohttp.TCPConnector(limit=0, use_dns_cache=False)
    return aiohttp.ClientSession(
        timeout=timeout,
        connector=connector,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        max_line_size=LARGEST_HEADER,
        max_field_size=LARGEST_HEADER,
    )


def _why(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return (
            f"dial tcp {error.host}:{error.port}: connect: {(error.os_error.strerror or str(error)).lower()}"
        )
    return str(error) or type(error).__name__
