"""A small HTTP(S) server in an API server's place, for what a real one does rarely: refuse, hang, drop.

Each test sets `answer`, a function from a request to what it wants to be sent.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trustme


class Request:
    """What was asked, and the means to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        self.method = handler.command
        self.path = parts.path
        self.query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.pairs = list(handler.headers.items())
        self.headers = {key.lower(): value for key, value in handler.headers.items()}
        self.body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self._handler = handler

    def json(self, obj: Any, status: int = 200) -> None:
        self.raw(json.dumps(obj).encode(), status)

    def raw(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._handler.send_response(status)
        for key, value in (headers or {"Content-Type": "application/json"}).items():
            self._handler.send_header(key, value)
        self._handler.send_header("Content-Length", str(len(body)))
        self._handler.end_headers()
        self._handler.wfile.write(body)

    def status(self, code: int, message: str, **details: Any) -> None:
        self.json({"kind": "Status", "code": code, "message": message, "details": details}, code)

    def begin(self) -> None:
        """Start an answer in chunks."""
        self._handler.send_response(200)
        self._handler.send_header("Transfer-Encoding", "chunked")
        self._handler.end_headers()

    def chunk(self, obj: Any) -> None:
        line = json.dumps(obj).encode() + b"\n"
        self._handler.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        self._handler.wfile.flush()

    def end(self) -> None:
        self._handler.wfile.write(b"0\r\n\r\n")

    def drop(self) -> None:
        """End the connection in the middle."""
        self._handler.close_connection = True


class Double:
    """The server's address, its CA, and every request that it got."""

    def __init__(self, url: str, ca: str) -> None:
        self.url = url
        self.ca = ca
        self.requests: list[Request] = []
        self.answer: Callable[[Request], None] = lambda request: request.json({"major": "1"})
        self.ended = threading.Event()


@contextmanager
def running(*, tls: bool = False, name: str = "127.0.0.1") -> Iterator[Double]:
    """Run a server for the block; name is what its certificate is for."""
    authority = trustme.CA()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            request = Request(self)
            double.requests.append(request)
            double.answer(request)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            pass  # a client that refuses our certificate, or goes away

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "https" if tls else "http"
    double = Double(f"{scheme}://127.0.0.1:{server.server_address[1]}", authority.cert_pem.bytes().decode())
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield double
    finally:
        double.ended.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
