"""HTTP to one cluster: adds credential, timeout and user agent; failures become sentences for a person."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import urllib3

from toolkit.cluster import errors
from toolkit.cluster.credentials import Credentials
from toolkit.cluster.errors import ApiError, TlsRefused, Unreachable
from toolkit.model import Cluster
from toolkit.outcome import Failed

USER_AGENT = "form-builder-pipeline/1"
CONNECT_SECONDS = 4.0
# Between two bytes of an answer. A write may wait for admission webhooks (10 s each by default).
READ_SECONDS = 8.0
WRITE_SECONDS = 30.0
# A server that restarts is away for a moment; asking again is safe for what only reads or was never sent.
PATIENCE_SECONDS = 3.0

Json = dict[str, Any]


class Transport:
    """HTTP requests to one cluster with one credential. Safe to use from several threads."""

    def __init__(self, cluster: Cluster, space: str, credentials: Credentials) -> None:
        self.cluster = cluster
        self.space = space
        self.server = credentials.server
        self.holder = credentials.holder
        self._credentials = credentials

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        stream: bool = False,
        doing: str = "",
    ) -> urllib3.BaseHTTPResponse:
        """One request; any status below 400 is an answer. A stream must be closed by the caller.

        body is JSON, or bytes that are sent as they are; timeout is in seconds between two bytes.
        """
        doing = doing or f"asking for {path}"
        url = self.server + path + ("?" + urlencode(query) if query else "")
        reads = method in ("GET", "HEAD")
        seconds = timeout or (READ_SECONDS if reads else WRITE_SECONDS)
        deadline = time.monotonic() + PATIENCE_SECONDS
        payload = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        while True:
            try:
                response = self._credentials.pool.request(
                    method,
                    url,
                    body=payload,
                    headers=self._headers(content_type if payload is not None else "", headers),
                    timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds),
                    retries=False,
                    redirect=False,
                    preload_content=not stream,
                )
                break
            except urllib3.exceptions.HTTPError as error:
                failure = self._unreachable(error, seconds)
                timed_out = isinstance(error, urllib3.exceptions.TimeoutError)
                unsent = isinstance(error, urllib3.exceptions.NewConnectionError)
                again = (reads or unsent) and not timed_out and not isinstance(failure, TlsRefused)
                if not again or time.monotonic() > deadline:
                    raise failure from error
                time.sleep(0.2)
        if response.status >= 400:
            payload = response.data
            response.release_conn()
            raise self._api_error(response.status, payload, doing)
        return response

    def json(
        self, method: str, path: str, *, decode: Callable[[bytes], Any] = json.loads, **options: Any
    ) -> Json:
        """A request whose answer is a JSON object."""
        response = self.request(method, path, **options)
        try:
            answer = decode(response.data)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise Failed(
                f"cluster {self.cluster.name}: {self.server}{path} does not answer as a Kubernetes API does",
                remedy=f"look at the server address beside {self.holder}",
            )
        return answer

    def authorization(self) -> str:
        """The value of the Authorization header; for the gateway, which speaks to the same server."""
        return self._credentials.authorization()

    @property
    def pool(self) -> urllib3.PoolManager:
        """The connection pool; for the gateway."""
        return self._credentials.pool

    def _headers(self, content_type: str, extra: Mapping[str, str] | None) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": USER_AGENT, **(extra or {})}
        if content_type:
            headers["Content-Type"] = content_type
        authorization = self._credentials.authorization()
        if authorization:
            headers["Authorization"] = authorization
        return headers

    def _unreachable(self, error: Exception, seconds: float) -> Unreachable:
        return errors.unreachable(
            error,
            cluster=self.cluster.name,
            space=self.space,
            server=self.server,
            holder=self.holder,
            seconds=seconds,
        )

    def _api_error(self, status: int, payload: bytes, doing: str) -> ApiError:
        return errors.api_error(
            status, payload, doing=doing, cluster=self.cluster.name, space=self.space, holder=self.holder
        )


def lines_of(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """The lines of a stream as they come, whole ones only: half a line at the end is a broken connection."""
    rest = b""
    for chunk in response.stream(65536, decode_content=False):
        parts = (rest + chunk).split(b"\n")
        rest = parts.pop()
        yield from (part for part in parts if part)
