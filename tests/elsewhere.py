"""git repositories elsewhere: made in a folder, and served over HTTP on 127.0.0.1 by git itself."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_TYPED = ("BRANCH", "COMMIT")
"""Of the run that these tests are in: they would speak for every repository that a test makes."""
ENV = {
    **{key: value for key, value in os.environ.items() if not key.startswith("GIT_") and key not in _TYPED},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "protocol.file.allow",  # for submodules in a folder of this machine
    "GIT_CONFIG_VALUE_0": "always",
}


class Elsewhere:
    """A repository that people push to: a work tree, which is also what is fetched from."""

    def __init__(self, root: Path, files: dict[str, str], author: str = "Ada Lovelace") -> None:
        self.root = root
        root.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", author)
        self.git("config", "user.email", "somebody@example.org")
        self.commit(files)

    @property
    def url(self) -> str:
        """Its address as a folder."""
        return self.root.as_uri()

    def git(self, *words: str) -> str:
        """git in it; what it answers."""
        ran = subprocess.run(
            ["git", "-C", str(self.root), *words], env=ENV, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout.strip()

    def commit(self, files: dict[str, str] | None = None, message: str = "a change") -> str:
        """Write files and commit; the commit."""
        for name, text in (files or {}).items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}")
        return self.git("rev-parse", "HEAD")


class Server:
    """Serves the repositories below a folder; with `login` ("user:password") only to whoever has it."""

    def __init__(self, root: Path, login: str = "") -> None:
        self.asked: list[str] = []
        self.broken = 0
        """So many questions are answered by 503 first."""
        self.older = False
        """Only the older protocol is spoken, in which only what a ref leads to can be asked for."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self, root, login)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        self.host = f"127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        """Serve no more."""
        self._http.shutdown()
        self._http.server_close()

    def answer(self, request: BaseHTTPRequestHandler, root: Path, login: str) -> None:
        """One request, by git http-backend."""
        self.asked.append(request.path)
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        if self.broken:
            self.broken -= 1
            request.send_error(503)
            return
        wanted = f"Basic {base64.b64encode(login.encode()).decode()}"
        if login and request.headers.get("Authorization") != wanted:
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="git"')
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        path, _, query = request.path.partition("?")
        ran = subprocess.run(
            ["git", "http-backend"],
            input=body,
            stdout=subprocess.PIPE,
            check=False,
            env={
                **ENV,
                "GIT_PROJECT_ROOT": str(root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": request.command,
                "CONTENT_TYPE": request.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": "" if self.older else request.headers.get("Git-Protocol", ""),
            },
        )
        head, _, content = ran.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        request.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)


@contextmanager
def served(root: Path, login: str = "") -> Iterator[Server]:
    """A server for a while."""
    server = Server(root, login)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def daemon(root: Path) -> Iterator[str]:
    """git's own daemon; git://127.0.0.1:<port>."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    words = ("--reuseaddr", "--export-all", "--listen=127.0.0.1", f"--port={port}", f"--base-path={root}")
    process = subprocess.Popen(["git", "daemon", *words, str(root)], env=ENV, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not _listens(port):
            assert time.monotonic() < deadline and process.poll() is None, "git daemon does not listen"
            time.sleep(0.02)
        yield f"git://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
