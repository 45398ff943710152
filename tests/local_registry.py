"""A registry on this machine: as much of the distribution API as builders need to push and anybody to ask.

Specification: https://github.com/opencontainers/distribution-spec/blob/main/spec.md. It keeps everything in
memory, and writes down who asked for what with which authorization.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD, TOKEN = "ada", "open-sesame-4711", "token-of-ada-1234"


class Registry:
    """login: "" lets everybody in, "basic" and "bearer" want USER and PASSWORD; status: what every question
    for a manifest is answered with, for a registry that is ill; stumbles: how many are answered with 503;
    realm: where it says that tokens are given."""

    def __init__(self, login: str = "") -> None:
        self.login = login
        self.status = 0
        self.stumbles = 0
        self.realm = ""
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.uploads: dict[str, bytes] = {}
        self.asked: list[tuple[str, str, str]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.host = f"127.0.0.1:{self.server.server_port}"

    def put(self, repository: str, tag: str, content: bytes = b'{"schemaVersion": 2}') -> str:
        """Have a manifest; its digest."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        kind = "application/vnd.oci.image.manifest.v1+json"
        for key in (tag, digest):
            self.manifests[repository, key] = (kind, content)
        return digest

    def digest(self, repository: str, tag: str) -> str:
        """The digest that a tag leads to."""
        return f"sha256:{hashlib.sha256(self.manifests[repository, tag][1]).hexdigest()}"

    def config(self, repository: str, tag: str) -> dict[str, Any]:
        """What an image says of itself: labels, history, platform."""
        manifest = json.loads(self.manifests[repository, tag][1])
        found: dict[str, Any] = json.loads(self.blobs[manifest["config"]["digest"]])
        return found

    def holds(self, text: bytes) -> bool:
        """Whether anything that was pushed has this in it, unpacked or not."""
        import gzip

        for blob in [*self.blobs.values(), *(content for _, content in self.manifests.values())]:
            whole = gzip.decompress(blob) if blob[:2] == b"\x1f\x8b" else blob
            if text in whole:
                return True
        return False


@contextmanager
def serving(login: str = "") -> Iterator[Registry]:
    """A registry for as long as this lasts."""
    registry = Registry(login)
    thread = threading.Thread(
        target=registry.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    try:
        yield registry
    finally:
        registry.server.shutdown()
        registry.server.server_close()
        thread.join(10)


def _handler(registry: Registry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

        def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") == "chunked":
                parts = []
                while size := int(self.rfile.readline().strip(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _let_in(self) -> bool:
            given = self.headers.get("Authorization", "")
            registry.asked.append((self.command, self.path, given))
            basic = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
            if self.path.startswith("/token"):
                body = self._body().decode()
                refreshed = parse_qs(body).get("refresh_token") == [PASSWORD]
                if given == basic or refreshed:
                    self._answer(200, json.dumps({"token": TOKEN}).encode())
                else:
                    self._answer(401)
                return False
            wanted = {"basic": basic, "bearer": f"Bearer {TOKEN}"}.get(registry.login)
            if wanted and given != wanted:
                realm = registry.realm or f"http://{registry.host}/token"
                challenge = (
                    f'Bearer realm="{realm}",service="registry",scope="repository:any:pull"'
                    if registry.login == "bearer"
                    else 'Basic realm="registry"'
                )
                self._body()
                self._answer(401, WWW_Authenticate=challenge)
                return False
            return True

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            if not self._let_in():
                return
            path = urlsplit(self.path).path
            if found := re.fullmatch(r"/v2/(.+)/manifests/(.+)", path):
                if registry.status or registry.stumbles:
                    registry.stumbles = max(0, registry.stumbles - 1)
                    self._answer(registry.status or 503)
                elif manifest := registry.manifests.get((found[1], found[2])):
                    digest = f"sha256:{hashlib.sha256(manifest[1]).hexdigest()}"
                    self._answer(200, manifest[1], Content_Type=manifest[0], Docker_Content_Digest=digest)
                else:
                    self._answer(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')
            elif found := re.fullmatch(r"/v2/(.+)/blobs/(sha256:.+)", path):
                blob = registry.blobs.get(found[2])
                self._answer(404) if blob is None else self._answer(200, blob, Docker_Content_Digest=found[2])
            else:
                self._answer(200 if path == "/v2/" else 404, b"{}")

        def do_POST(self) -> None:
            if not self._let_in():
                return
            name = urlsplit(self.path).path.removesuffix("/blobs/uploads/")
            self._body()
            upload = uuid.uuid4().hex
            registry.uploads[upload] = b""
            self._answer(
                202, Location=f"{name}/blobs/uploads/{upload}", Range="0-0", Docker_Upload_UUID=upload
            )

        def do_PATCH(self) -> None:
            if not self._let_in():
                return
            path = urlsplit(self.path).path
            upload = path.rpartition("/")[2]
            registry.uploads[upload] += self._body()
            end = max(0, len(registry.uploads[upload]) - 1)
            self._answer(202, Location=path, Range=f"0-{end}", Docker_Upload_UUID=upload)

        def do_PUT(self) -> None:
            if not self._let_in():
                return
            parts = urlsplit(self.path)
            body = self._body()
            if found := re.fullmatch(r"/v2/(.+)/manifests/(.+)", parts.path):
                digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
                for key in (found[2], digest):
                    registry.manifests[found[1], key] = (self.headers.get("Content-Type", ""), body)
            else:
                digest = parse_qs(parts.query)["digest"][0]
                registry.blobs[digest] = registry.uploads.pop(parts.path.rpartition("/")[2]) + body
            self._answer(201, Location=parts.path, Docker_Content_Digest=digest)

    return Handler
