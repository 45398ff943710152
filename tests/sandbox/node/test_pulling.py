"""Images from a registry on this machine: a real one over HTTP, as good or bad as a test wants it."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sandbox.images.keeping.references import parse
from sandbox.images.keeping.registry import credentials_of, host_of
from tests.sandbox.local import Sandbox
from tests.sandbox.node import pods
from tests.sandbox.node.pods import event, start

Object = dict[str, Any]
LOGIN = "Basic " + base64.b64encode(b"me:secret").decode()


class Registry(ThreadingHTTPServer):
    """Serves manifests by digest; `refusals` are answered first, one by one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.manifests: dict[str, bytes] = {}
        self.refusals: list[int] = []
        self.private = False

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def push(self, sandbox: Sandbox, image: str) -> str:
        """Offer one of the sandbox's own images; returns its name here."""
        name, _, digest = image.removeprefix("sandbox/").partition("@")
        file = sandbox.state / "images" / digest.removeprefix("sha256:") / "manifest.json"
        manifest = json.loads(file.read_text())
        self.manifests[f"/v2/team/{name}/manifests/{digest}"] = json.dumps(
            manifest, sort_keys=True, separators=(",", ":")
        ).encode()
        return f"{self.host}/team/{name}@{digest}"


class _Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        refusal = self.server.refusals.pop(0) if self.server.refusals else 0
        if self.server.private and self.headers.get("Authorization") != LOGIN:
            refusal = 401
        body = b"" if refusal else self.server.manifests.get(self.path, b"")
        self.send_response(refusal or (200 if body else 404))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[Registry]:
    server = Registry()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_only_this_machine_is_asked() -> None:
    hosts = {
        "127.0.0.1:5000/a": "127.0.0.1:5000",
        "localhost/a:1": "localhost:80",
        "127.9.9.9:1/a/b": "127.9.9.9:1",
    }
    for name, host in hosts.items():
        assert host_of(parse(name)) == host
    for name in (
        "nginx",
        "docker.io/library/nginx",
        "sandbox/web",
        "127.0.0.1.example.org/a",
        "10.0.0.1:5000/a",
    ):
        assert host_of(parse(name)) == ""


def test_a_pull_secret_is_read_and_another_secret_is_not() -> None:
    def secret(config: object) -> Object:
        return {"data": {".dockerconfigjson": base64.b64encode(json.dumps(config).encode()).decode()}}

    encoded = base64.b64encode(b"a:b").decode()
    assert credentials_of(
        secret({"auths": {"h:1": {"username": "me", "password": "p"}, "i": {"auth": encoded}}})
    ) == {
        "h:1": "me:p",
        "i": "a:b",
    }
    for odd in (
        {},
        {"data": {"token": "eA=="}},
        secret([]),
        secret({"auths": {"h": {}}}),
        secret({"auths": 3}),
    ):
        assert credentials_of(odd) == {}


def test_an_image_is_pulled_by_digest_and_known_from_then_on(
    sandbox: Sandbox, namespace: str, tiny_image: str, registry: Registry
) -> None:
    name = registry.push(sandbox, tiny_image)
    path = start(sandbox, namespace, pods.pod("web", name))
    ready = sandbox.wait(path, pods.ready)
    assert pods.app(ready)["imageID"] == name
    event(sandbox, path, "Pulled", f'Successfully pulled image "{name}"')
    registry.manifests.clear()
    again = start(sandbox, namespace, pods.pod("more", name))
    sandbox.wait(again, pods.ready)
    event(sandbox, again, "Pulled", f'Container image "{name}" already present on machine')


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (429, "429 Too Many Requests"),
        (503, "503 Service Unavailable"),
        (403, "403 Forbidden"),
        (401, "authorization failed: no basic auth credentials"),
    ],
)
def test_a_registry_that_refuses_for_a_moment(
    sandbox: Sandbox, namespace: str, tiny_image: str, registry: Registry, status: int, words: str
) -> None:
    # A name of its own: what was pulled once is not asked for again.
    name = registry.push(sandbox, tiny_image)
    registry.refusals = [status]
    path = start(sandbox, namespace, pods.pod("web", name))
    seen = event(sandbox, path, "Failed", words)
    assert f'failed to resolve reference "{name}"' in seen["message"]
    sandbox.wait(path, pods.ready)


def test_what_the_registry_does_not_have_is_not_found(
    sandbox: Sandbox, namespace: str, registry: Registry
) -> None:
    name = f"{registry.host}/team/nothing:1"
    path = start(sandbox, namespace, pods.pod("web", name))
    sandbox.wait(path, lambda obj: pods.waiting(obj) == "ImagePullBackOff")
    event(
        sandbox, path, "Failed", f'rpc error: code = NotFound desc = failed to pull and unpack image "{name}"'
    )


def test_a_registry_that_is_not_there(sandbox: Sandbox, namespace: str, registry: Registry) -> None:
    registry.server_close()
    path = start(sandbox, namespace, pods.pod("web", f"{registry.host}/team/web:1"))
    event(sandbox, path, "Failed", "connect: connection refused")


def test_a_private_registry_lets_the_pull_secret_in_once_it_is_there(
    sandbox: Sandbox, namespace: str, tiny_image: str, registry: Registry
) -> None:
    registry.private = True
    name = registry.push(sandbox, tiny_image)
    path = start(sandbox, namespace, pods.pod("web", name, spec={"imagePullSecrets": [{"name": "login"}]}))
    event(
        sandbox, path, "FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (login)"
    )
    event(sandbox, path, "Failed", "pull access denied")
    config = {"auths": {registry.host: {"auth": base64.b64encode(b"me:secret").decode()}}}
    secret = {
        "metadata": {"name": "login"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json.dumps(config)},
    }
    sandbox.api("POST", f"/api/v1/namespaces/{namespace}/secrets", secret)
    sandbox.wait(path, pods.ready)


def test_an_image_of_another_builder_is_refused_by_name(
    sandbox: Sandbox, namespace: str, registry: Registry
) -> None:
    body = b'{"schemaVersion": 2}'
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    registry.manifests[f"/v2/team/web/manifests/{digest}"] = body
    path = start(sandbox, namespace, pods.pod("web", f"{registry.host}/team/web@{digest}"))
    event(sandbox, path, "Failed", "the sandbox runs no image but those of its own builder")


def test_a_registry_that_answers_with_something_else_is_not_believed(
    sandbox: Sandbox, namespace: str, registry: Registry
) -> None:
    registry.manifests[f"/v2/team/web/manifests/sha256:{'0' * 64}"] = b"{}"
    path = start(sandbox, namespace, pods.pod("web", f"{registry.host}/team/web@sha256:{'0' * 64}"))
    event(sandbox, path, "Failed", "the registry answered with sha256:")
