"""What stands in Slack's place, whatever of Slack it is: a server that says when it was asked."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Serving:
    """A server on this machine that is asked by POST. `asked` counts; one that hangs does until `release`."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.release = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.respond(self, body)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def respond(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Answer a request; in a thread of its own."""
        raise NotImplementedError

    def hang(self) -> None:
        """Say nothing, until the test is over."""
        self.release.wait(60)

    def close(self) -> None:
        self.release.set()
        self.server.shutdown()
        self.server.server_close()
