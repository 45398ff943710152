"""pods/log, pods/proxy and services/proxy, with real HTTP servers at the other end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.sandbox.api.running import TOKEN, Running
from tests.sandbox.api.served import Api, binding, pod

MERGE = {"Content-Type": "application/merge-patch+json"}


class Backend(BaseHTTPRequestHandler):
    """Answers with what it was asked; /slow streams until the test lets it go; /refuse refuses."""

    protocol_version = "HTTP/1.1"
    go_on = threading.Event()

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        if self.path.startswith("/slow"):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"6\r\nfirst\n\r\n")
            self.wfile.flush()
            self.go_on.wait(10)
            self.wfile.write(b"7\r\nsecond\n\r\n0\r\n\r\n")
            return
        if self.path.startswith("/containerLogs") and "/broken" in self.path:
            self.send(400, b'container "broken" in pod "a" is waiting to start: ContainerCreating')
            return
        told = {
            "method": self.command,
            "path": self.path,
            "headers": dict(self.headers),
            "body": body.decode(),
        }
        code = 201 if self.command == "POST" else 200
        self.send(code, json.dumps(told).encode(), {"X-Backend": "yes", "Set-Cookie": "a=b"})

    def send(self, code: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def backend(sandbox_api: Running) -> Iterator[tuple[str, int]]:
    """Address and port of a server inside the sandbox's block."""
    Backend.go_on.clear()
    server = ThreadingHTTPServer((sandbox_api.address.replace(".0.1", ".1.7"), 0), Backend)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield str(server.server_address[0]), server.server_address[1]
    Backend.go_on.set()
    server.shutdown()
    server.server_close()
    thread.join()


def running_pod(api: Api, namespace: str, backend: tuple[str, int], *containers: str) -> str:
    path = f"/api/v1/namespaces/{namespace}/pods"
    wanted = pod("a")
    one = wanted["spec"]["containers"][0]
    ports = [{"name": "http", "containerPort": backend[1]}]
    wanted["spec"]["containers"] = [{**one, "name": name, "ports": ports} for name in containers or ("main",)]
    api.create(path, wanted)
    api.http.post(f"{path}/a/binding", json=binding("a", f"node-of-{namespace}"))
    status = {"status": {"phase": "Running", "podIP": backend[0]}}
    assert api.http.patch(f"{path}/a/status", content=json.dumps(status), headers=MERGE).status_code == 200
    return f"{path}/a"


def node(api: Api, namespace: str, backend: tuple[str, int]) -> None:
    addresses = [{"type": "InternalIP", "address": backend[0]}]
    status = {"addresses": addresses, "daemonEndpoints": {"kubeletEndpoint": {"Port": backend[1]}}}
    api.create("/api/v1/nodes", {"metadata": {"name": f"node-of-{namespace}"}, "status": status})


def service(api: Api, namespace: str, backend: tuple[str, int], **endpoints: Any) -> str:
    ports = [{"name": "http", "port": 80, "targetPort": backend[1]}]
    api.create(
        f"/api/v1/namespaces/{namespace}/services", {"metadata": {"name": "web"}, "spec": {"ports": ports}}
    )
    subsets = [{"addresses": [{"ip": backend[0]}], "ports": [{"name": "http", "port": backend[1]}]}]
    body = {"metadata": {"name": "web"}, "subsets": subsets, **endpoints}
    api.create(f"/api/v1/namespaces/{namespace}/endpoints", body)
    return f"/api/v1/namespaces/{namespace}/services"


@pytest.mark.parametrize("name", ["web:80", "web:http", "http:web:80", "http:web:http"])
def test_service_proxy_by_every_spelling(
    api: Api, namespace: str, backend: tuple[str, int], name: str
) -> None:
    path = service(api, namespace, backend)
    told = api.http.get(f"{path}/{name}/proxy/some/%2Fpath", params={"q": "a b"}).json()
    assert told["path"] == "/some/%2Fpath?q=a+b" or told["path"] == "/some/%2Fpath?q=a%20b"


def test_service_proxy_passes_everything_but_the_credential(
    api: Api, namespace: str, backend: tuple[str, int]
) -> None:
    path = service(api, namespace, backend)
    headers = {"X-Access-Token-V2": "for the app", "Content-Type": "text/plain"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = api.http.request(method, f"{path}/web:80/proxy/x", content="body", headers=headers)
        told = answer.json()
        assert (told["method"], told["body"]) == (method, "body")
        assert (
            answer.status_code == (201 if method == "POST" else 200) and answer.headers["X-Backend"] == "yes"
        )
        sent = {name.lower(): value for name, value in told["headers"].items()}
        assert sent["x-access-token-v2"] == "for the app" and sent["content-type"] == "text/plain"
        assert "authorization" not in sent and TOKEN not in json.dumps(told)
        assert sent["host"] == f"{backend[0]}:{backend[1]}"
    assert api.http.head(f"{path}/web:80/proxy/").status_code == 200


def test_service_proxy_passes_long_headers(api: Api, namespace: str, backend: tuple[str, int]) -> None:
    path = service(api, namespace, backend)
    answer = api.http.get(f"{path}/web:80/proxy/", headers={"X-Long": "y" * 30_000})
    assert len(answer.json()["headers"]["X-Long"]) == 30_000


def test_service_proxy_passes_addresses_as_they_are_written(
    api: Api, namespace: str, backend: tuple[str, int]
) -> None:
    name = "a%00b%0D%0Ac%20%C3%A9"
    path = service(api, namespace, backend)
    told = api.http.get(f"{path}/web:80/proxy/{name}?q=%00").json()
    assert told["path"] == f"/{name}?q=%00"
    assert told["headers"]["X-Forwarded-Uri"].endswith(f"/proxy/{name}")


def test_service_proxy_streams(api: Api, namespace: str, backend: tuple[str, int]) -> None:
    path = service(api, namespace, backend)
    with api.http.stream("GET", f"{path}/web:80/proxy/slow") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "first"
        Backend.go_on.set()
        assert next(lines) == "second"


def test_service_proxy_takes_large_bodies(api: Api, namespace: str, backend: tuple[str, int]) -> None:
    path = service(api, namespace, backend)
    body = "y" * (5 * 1024 * 1024)
    assert len(api.http.post(f"{path}/web:80/proxy/", content=body).json()["body"]) == len(body)


def test_service_proxy_without_endpoints(api: Api, namespace: str) -> None:
    path = service(api, namespace, ("", 80), subsets=[])
    answer = api.http.get(f"{path}/web/proxy/")
    assert (
        answer.status_code == 503 and answer.json()["message"] == 'no endpoints available for service "web"'
    )
    assert api.http.get(f"{path}/gone/proxy/").status_code == 404
    wrong = api.http.get(f"{path}/web:81/proxy/")
    assert wrong.status_code == 503
    assert wrong.json()["message"] == 'no service port 81 found for service "web"'
    assert api.http.get(f"{path}/a:b:c:d/proxy/").json()["message"] == 'invalid service request "a:b:c:d"'


def test_a_port_with_a_name_is_asked_for_by_it(
    sandbox_api: Running, namespace: str, backend: tuple[str, int]
) -> None:
    path = service(sandbox_api, namespace, backend)
    for name in ("web", "http:web:", "web:other"):
        answer = sandbox_api.http.get(f"{path}/{name}/proxy/")
        told = f'no endpoints available for service "{name}"'
        assert (answer.status_code, answer.json()["message"]) == (503, told)
    assert sandbox_api.http.get(f"{path}/https:web:80/proxy/").status_code == 400


def test_proxy_to_nobody(sandbox_api: Running, namespace: str) -> None:
    path = service(sandbox_api, namespace, (sandbox_api.address.replace(".0.1", ".1.9"), 9))
    answer = sandbox_api.http.get(f"{path}/web:80/proxy/")
    assert answer.status_code == 503 and answer.json()["reason"] == "ServiceUnavailable"
    assert "error trying to reach service: dial tcp" in answer.json()["message"]


def test_pod_proxy(api: Api, namespace: str, backend: tuple[str, int]) -> None:
    path = running_pod(api, namespace, backend)
    for name in ("a", f"a:{backend[1]}", "http:a:http"):
        assert api.http.get(f"{path[:-1]}{name}/proxy/health").json()["path"] == "/health"
    assert api.http.get(f"{path}/proxy").json()["path"] == "/"


def test_logs_come_from_the_node(api: Api, namespace: str, backend: tuple[str, int]) -> None:
    path = running_pod(api, namespace, backend)
    waiting = api.http.get(f"{path}/log")
    assert waiting.status_code == 503 and f'node "node-of-{namespace}"' in waiting.json()["message"]
    node(api, namespace, backend)
    told = api.http.get(f"{path}/log", params={"previous": "true", "tailLines": "5", "pretty": "x"}).json()
    assert told["path"] == f"/containerLogs/{namespace}/a/main?previous=true&tailLines=5"
    assert told["headers"]["Authorization"] == f"Bearer {TOKEN}"
    assert api.http.get(f"{path}/log", params={"tailLines": "x"}).status_code == 400


def test_logs_of_several_containers(api: Api, namespace: str, backend: tuple[str, int]) -> None:
    path = running_pod(api, namespace, backend, "main", "broken")
    node(api, namespace, backend)
    which = api.http.get(f"{path}/log")
    assert which.status_code == 400
    assert (
        which.json()["message"]
        == "a container name must be specified for pod a, choose one of: [main broken]"
    )
    wrong = api.http.get(f"{path}/log", params={"container": "other"})
    assert wrong.json()["message"] == "container other is not valid for pod a"
    waiting = api.http.get(f"{path}/log", params={"container": "broken"})
    assert waiting.status_code == 400 and waiting.json()["message"].endswith(
        "waiting to start: ContainerCreating"
    )


def test_a_pod_without_a_node_has_no_log(api: Api, namespace: str) -> None:
    api.create(f"/api/v1/namespaces/{namespace}/pods", pod("a"))
    answer = api.http.get(f"/api/v1/namespaces/{namespace}/pods/a/log")
    assert (answer.status_code, answer.text) == (204, "")
