"""An API server that tests talk to, whoever serves it; and the smallest objects to send it."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
SECONDS = 60.0
ROOT_CA = "kube-root-ca.crt"  # a ConfigMap that every namespace is given where there are controllers


def eventually(check: Callable[[], T], seconds: float = SECONDS) -> T:
    """The first true answer of `check`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {check}")


class Api:
    """A Kubernetes API at `url`; `http` talks to it as an administrator, `state` is a folder for tests."""

    http: httpx.Client
    url: str
    state: Path

    def trust(self) -> ssl.SSLContext | bool:
        """What its certificate is checked by."""
        return True

    def client(self, **headers: str) -> httpx.Client:
        """Somebody else: a client without the administrator's credential."""
        return httpx.Client(base_url=self.url, headers=headers, verify=self.trust(), timeout=SECONDS)

    def kubeconfig(self) -> Path:
        """A kubeconfig of the administrator's."""
        raise NotImplementedError

    def namespace(self) -> str:
        """The name of a new namespace, with the account that pods take where they name none: nobody makes it
        where only the API runs, and elsewhere somebody may be faster."""
        answer = self.http.post("/api/v1/namespaces", json={"metadata": {"generateName": "test-"}})
        assert answer.status_code == 201, answer.text
        name = str(answer.json()["metadata"]["name"])
        accounts = f"/api/v1/namespaces/{name}/serviceaccounts"
        made = self.http.post(accounts, json={"metadata": {"name": "default"}})
        assert made.status_code in (201, 409), made.text
        return name

    def create(self, path: str, obj: dict[str, Any], **query: Any) -> dict[str, Any]:
        """POST that has to succeed."""
        answer = self.http.post(path, json=obj, params=query)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def watch(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """The events of a watch until the server ends it (timeoutSeconds, 60 unless told)."""
        with self.http.stream("GET", path, params={"watch": "true", "timeoutSeconds": 60, **query}) as stream:
            assert stream.status_code == 200, stream.read()
            for line in stream.iter_lines():
                yield json.loads(line)


def pod(name: str, **labels: str) -> dict[str, Any]:
    """The smallest pod, which no scheduler takes: what becomes of it is the test's business."""
    spec = {"containers": [{"name": "main", "image": "sandbox/example"}], "schedulerName": "nobody"}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}


def binding(name: str, node: str = "sandbox") -> dict[str, Any]:
    """What a scheduler sends to give a pod a node."""
    return {"metadata": {"name": name}, "target": {"kind": "Node", "name": node}}


def deployment(name: str, replicas: int = 1) -> dict[str, Any]:
    """The smallest deployment."""
    template = {**pod(name, app=name), "metadata": {"labels": {"app": name}}}
    selector = {"matchLabels": {"app": name}}
    return {
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": selector, "template": template},
    }


def config_map(name: str, **data: str) -> dict[str, Any]:
    """A ConfigMap."""
    return {"metadata": {"name": name}, "data": data}


def names(answer: httpx.Response) -> list[str]:
    """The names in a list, without what every namespace is given."""
    assert answer.status_code == 200, answer.text
    found = [item["metadata"]["name"] for item in answer.json()["items"]]
    return [name for name in found if name != ROOT_CA]


def status_of(answer: httpx.Response) -> tuple[int, str]:
    """Code and reason of a Status."""
    assert answer.json()["kind"] == "Status", answer.text
    return answer.status_code, answer.json()["reason"]
