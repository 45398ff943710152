"""The Service proxy: ready pods only, no retries, half-closed connections, a rollout that loses nothing."""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter

import pytest

from tests.sandbox.local import Object, Sandbox, eventually
from tests.sandbox.node import pods
from tests.sandbox.node.pods import start


def service(sandbox: Sandbox, namespace: str, name: str, port: int = 80) -> str:
    """A Service of the pods labelled app=name; its address."""
    spec = {"selector": {"app": name}, "ports": [{"port": port, "targetPort": 3000}]}
    made = sandbox.api(
        "POST", f"/api/v1/namespaces/{namespace}/services", {"metadata": {"name": name}, "spec": spec}
    )
    return str(made["spec"]["clusterIP"])


def deployment(name: str, image: str, replicas: int, env: dict[str, str] | None = None) -> Object:
    template = pods.pod(name, image, env)
    hook = {"preStop": {"sleep": {"seconds": 1}}}
    template["spec"]["containers"][0]["lifecycle"] = hook
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": template["metadata"], "spec": template["spec"]},
        },
    }


def rolled_out(obj: Object) -> bool:
    status, spec = obj.get("status") or {}, obj["spec"]
    counts = {status.get(f"{kind}Replicas") for kind in ("updated", "available")} | {status.get("replicas")}
    return status.get("observedGeneration", 0) >= obj["metadata"]["generation"] and counts == {
        spec["replicas"]
    }


def refused(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, 2).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_service_reaches_ready_pods_and_refuses_without_any(
    sandbox: Sandbox, namespace: str, tiny_image: str
) -> None:
    ip = service(sandbox, namespace, "web")
    assert refused((ip, 80))
    env = {"UNREADY_FILE": "tmp/unready"}
    probe = pods.http("/readiness", failureThreshold=1)
    path = start(sandbox, namespace, pods.pod("web", tiny_image, env, readinessProbe=probe))
    obj = sandbox.wait(path, pods.ready)
    assert (
        json.loads(str(eventually(lambda: not refused((ip, 80)) and pods.get(f"http://{ip}/"))))["host"]
        == "web"
    )
    pods.get(f"http://{obj['status']['podIP']}:3000/file/tmp/unready", b"x")
    sandbox.wait(path, lambda obj: not pods.ready(obj))
    eventually(lambda: refused((ip, 80)))


def test_a_pod_that_refuses_loses_the_connection(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    """One of two endpoints listens on nothing, and has no probe that would tell: as behind kube-proxy, every
    other connection is lost."""
    ip = service(sandbox, namespace, "web")
    path = start(sandbox, namespace, pods.pod("web", tiny_image))
    deaf = pods.pod("deaf", tiny_image, command=["sleep", "1000"], readinessProbe=None)
    deaf["metadata"]["labels"] = {"app": "web"}
    deaf_path = start(sandbox, namespace, deaf)
    sandbox.wait(path, pods.ready)
    sandbox.wait(deaf_path, pods.ready)
    sandbox.wait(
        f"/api/v1/namespaces/{namespace}/endpoints/web",
        lambda obj: len((obj.get("subsets") or [{}])[0].get("addresses") or ()) == 2,
    )
    eventually(lambda: not refused((ip, 80)))

    def host() -> str:
        try:
            return str(json.loads(pods.get(f"http://{ip}/"))["host"])
        except OSError:
            return "lost"

    eventually(lambda: Counter(host() for _ in range(10)) == {"web": 5, "lost": 5})


def test_a_half_closed_connection_still_gets_its_answer(
    sandbox: Sandbox, namespace: str, tiny_image: str
) -> None:
    ip = service(sandbox, namespace, "web")
    path = start(sandbox, namespace, pods.pod("web", tiny_image))
    sandbox.wait(path, pods.ready)
    eventually(lambda: not refused((ip, 80)))
    with socket.create_connection((ip, 80), 5) as connection:
        connection.sendall(b"GET /slow?0.2 HTTP/1.0\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while data := connection.recv(4096):
            answer += data
    assert answer.endswith(b"\r\n\r\nslow")


def test_a_large_body_arrives_whole(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    ip = service(sandbox, namespace, "web")
    path = start(sandbox, namespace, pods.pod("web", tiny_image))
    sandbox.wait(path, pods.ready)
    eventually(lambda: not refused((ip, 80)))
    body = bytes(range(48, 90)) * 50_000
    assert pods.get(f"http://{ip}/file/tmp/large", body) == "ok"
    assert pods.get(f"http://{ip}/file/tmp/large") == body.decode()


@pytest.mark.parametrize("replicas", [2])
def test_a_rollout_loses_no_request(sandbox: Sandbox, namespace: str, tiny_image: str, replicas: int) -> None:
    ip = service(sandbox, namespace, "web")
    where = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    sandbox.api("POST", where, deployment("web", tiny_image, replicas))
    sandbox.wait(f"{where}/web", rolled_out)
    eventually(lambda: not refused((ip, 80)))
    stop, seen, lost = threading.Event(), Counter[str](), []

    def ask() -> None:
        while not stop.is_set():
            try:
                seen[json.loads(pods.get(f"http://{ip}/"))["version"]] += 1
            except OSError as error:
                lost.append(repr(error))

    client = threading.Thread(target=ask)
    client.start()
    try:
        new = deployment("web", tiny_image, replicas, {"VERSION": "2"})
        sandbox.api("PATCH", f"{where}/web", new, "application/merge-patch+json")
        sandbox.wait(f"{where}/web", rolled_out)
        eventually(lambda: seen["2"] > 0)
    finally:
        stop.set()
        client.join()
    assert not lost
    assert seen["1"] and seen["2"]


def test_the_api_proxies_to_pods_and_services(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    service(sandbox, namespace, "web")
    path = start(sandbox, namespace, pods.pod("web", tiny_image))
    sandbox.wait(path, pods.ready)
    assert json.loads(sandbox.text(f"/api/v1/namespaces/{namespace}/pods/web:3000/proxy/"))["host"] == "web"
    sandbox.wait(
        f"/api/v1/namespaces/{namespace}/endpoints/web",
        lambda obj: bool((obj.get("subsets") or [{}])[0].get("addresses")),
    )
    assert json.loads(sandbox.text(f"/api/v1/namespaces/{namespace}/services/web:80/proxy/"))["host"] == "web"
