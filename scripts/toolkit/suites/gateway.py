"""A local HTTP address for an app inside a cluster: requests go through the API server's Service proxy.

For Services that there are only once a suite runs it is an HTTP proxy, which knows them by the names that
they have in the cluster. The suites need no open port, no route into the cluster and no credential: the
gateway listens on 127.0.0.1 only and adds the credential.
The API server consumes the Authorization header, so an app's own Authorization does not reach it this way.
"""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import urllib3

from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.transport import CONNECT_SECONDS

ANSWER_SECONDS = 60.0
# Hop-by-hop headers (RFC 9110, 7.6.1), and what this proxy sets itself.
_OWN = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade"}
    | {"transfer-encoding", "host", "authorization", "content-length", "accept-encoding"}
)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


Target = Callable[[str], tuple[str, str]]
"""From what a request asks for to the path of the Service's proxy, and the path that is asked for there."""


@contextmanager
def opened(connection: Connection, namespace: str, service: str, port: int) -> Iterator[str]:
    """The base URL, without a slash at its end, of a Service while the block runs."""
    prefix = connection.proxy("services", namespace, service, port, "").rstrip("/")
    with _listening(connection, lambda asked: (prefix, asked)) as url:
        yield url


@contextmanager
def opened_to_all(connection: Connection, namespace: str) -> Iterator[str]:
    """The URL of an HTTP proxy to the Services of a namespace, by name, while the block runs.

    A Service is `http://<service>.<namespace>[:port]`, as in the cluster; what else is asked for is refused.
    """

    def target(asked: str) -> tuple[str, str]:
        url = urlsplit(asked)
        name, _, rest = (url.hostname or "").partition(".")
        home = rest.removesuffix(".svc.cluster.local").removesuffix(".svc")
        if url.scheme != "http" or not name or home != namespace:
            raise _Elsewhere(
                f"gateway: this is the way to http://<service>.{namespace} alone, not to {asked}"
            )
        path = f"{url.path or '/'}{f'?{url.query}' if url.query else ''}"
        return connection.proxy("services", namespace, name, url.port or 80, "").rstrip("/"), path

    with _listening(connection, target) as url:
        yield url


class _Elsewhere(Exception):
    """What is asked for is not behind this gateway. The text is a sentence."""


@contextmanager
def _listening(connection: Connection, target: Target) -> Iterator[str]:
    server = _Server(connection, target)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="gateway", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(2.0)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client that keeps its connection alive must not hold the suite's end up
    request_queue_size = 128

    def __init__(self, connection: Connection, target: Target) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.connection = connection
        self.target = target

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is its own business."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_") and name[3:] in _METHODS:
            return self._forward
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:
        """The suite says what it asks; a second log helps nobody."""

    def _forward(self) -> None:
        connection = self.server.connection
        body = self._body()
        try:
            prefix, path = self.server.target(self.path)
        except (_Elsewhere, ValueError) as error:
            self._answer(403, [("Content-Type", "text/plain")], f"{error}\n".encode())
            return
        headers = {key: value for key, value in self.headers.items() if key.lower() not in _OWN}
        headers["Accept-Encoding"] = "identity"
        try:
            answer = connection.pool.request(
                self.command,
                connection.server + prefix + path,
                body=body,
                headers=connection.identify(headers),
                retries=False,
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS),
            )
        except urllib3.exceptions.HTTPError as error:
            self._answer(502, [("Content-Type", "text/plain")], f"gateway: {type(error).__name__}\n".encode())
            return
        try:
            content = answer.read(decode_content=False)
        except urllib3.exceptions.HTTPError as error:
            self._answer(502, [("Content-Type", "text/plain")], f"gateway: {type(error).__name__}\n".encode())
            return
        finally:
            answer.release_conn()
        theirs = [(key, value) for key, value in answer.headers.items() if key.lower() not in _OWN]
        self._answer(answer.status, [(key, self._here(key, value, prefix)) for key, value in theirs], content)

    def _body(self) -> bytes | None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(length) if length else None

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0] or b"0", 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def _here(self, key: str, value: str, prefix: str) -> str:
        """A redirect within the app must lead back to the gateway."""
        if key.lower() == "location":
            value = value.removeprefix(self.server.connection.server)
            return value.removeprefix(prefix) or "/"
        return value

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            for key, value in headers:
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
