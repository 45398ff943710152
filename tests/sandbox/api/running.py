"""The API server alone, in a thread of the test process, on a 127.x block of its own."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

from sandbox.api.server import AddressTaken, Server

TOKEN = "test-admin-token"
T = TypeVar("T")


def free_address() -> str:
    """127.N.0.1 where neither port is taken; drawn at random, so that parallel test processes rarely meet."""
    while True:
        address = f"127.{secrets.choice(range(130, 250))}.0.1"
        try:
            for port in (6443, 8001):
                with socket.socket() as probe:
                    probe.bind((address, port))
        except OSError:
            continue
        return address


def eventually(check: Callable[[], T], seconds: float = 60) -> T:
    """The first true answer of `check`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {check}")


class Running:
    """A started server; `http` talks to the plain port as administrator."""

    def __init__(self, state: Path, **settings: Any) -> None:
        self.state, self.settings = state, settings
        for attempt in range(5):
            self.address = free_address()
            try:
                self.start()
                break
            except AddressTaken:
                # Another test process was faster than this one between the look and the bind.
                if attempt == 4:
                    raise
        self.url = f"http://{self.address}:8001"
        self.http = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)

    def start(self) -> None:
        """Returns once both ports answer; raises what the server raises."""
        failures: list[BaseException] = []
        ready = threading.Event()
        self.server = Server(**self.settings)

        async def serve() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            try:
                await self.server.start(self.state, self.address, token=TOKEN)
            except BaseException as error:
                failures.append(error)
                return
            finally:
                ready.set()
            await self._stop.wait()
            await self.server.stop()

        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        self._thread.start()
        assert ready.wait(60), "the server does not start"
        if failures:
            self._thread.join(60)
            raise failures[0]

    def stop(self) -> None:
        """Returns once the server is gone."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(60)
            assert not self._thread.is_alive(), "the server does not stop"

    def kubeconfig(self) -> Path:
        """A kubeconfig for the TLS port, as `sandbox up` would write it."""
        authority = base64.b64encode(self.server.authority).decode()
        cluster = {"server": f"https://{self.address}:6443", "certificate-authority-data": authority}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "sandbox",
            "clusters": [{"name": "sandbox", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": TOKEN}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "admin"}}],
        }
        path = self.state / "kubeconfig"
        path.write_text(yaml.safe_dump(config))
        return path

    def namespace(self) -> str:
        """The name of a new namespace."""
        answer = self.http.post("/api/v1/namespaces", json={"metadata": {"generateName": "test-"}})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["metadata"]["name"])

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
    """The smallest pod."""
    container = {"name": "main", "image": "sandbox/example"}
    return {"metadata": {"name": name, "labels": labels}, "spec": {"containers": [container]}}


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
