"""What a drilled app meets here: a registry that refuses as it is told, an address that comes late."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LOGIN = "Basic " + base64.b64encode(b"drill:drill").decode()
REALM = 'Basic realm="drill"'


class Registry:
    """Serves the manifests of the sandbox's images by digest, after it has refused as `answers` say.

    answers: "ok", "login" (only with the right password), "drop" (ends the connection), or an HTTP code; each
    is used once, the last one for ever.
    """

    def __init__(self, images: Path, answers: Sequence[str]) -> None:
        self.answers = list(answers) or ["ok"]
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = registry.answers.pop(0) if len(registry.answers) > 1 else registry.answers[0]
                if answer == "drop":
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if answer == "login":
                    answer = "ok" if self.headers.get("Authorization") == LOGIN else "401"
                body = _manifest(images, self.path) if answer == "ok" else b""
                code = int(answer) if answer != "ok" else 200 if body else 404
                self.send_response(code)
                if code == 401:
                    self.send_header("WWW-Authenticate", REALM)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def host(self) -> str:
        """Its address, host:port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


def _manifest(images: Path, path: str) -> bytes:
    """The manifest of an image of the sandbox in its canonical form, b"" when there is none."""
    file = images / path.rpartition("sha256:")[2] / "manifest.json"
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return b""
    return json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()


class Late:
    """An address that is taken, so that nobody else gets it, and refuses connections until it is opened."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))

    @property
    def host(self) -> str:
        """The address, host:port."""
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def open(self) -> None:
        """Take connections from now on, and let each go at once."""
        self._socket.listen(16)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._socket.accept()[0].close()

    def close(self) -> None:
        """Give the address back."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
