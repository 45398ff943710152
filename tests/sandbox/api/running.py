"""The API server alone, in a thread of the test process, on a 127.x block of its own."""

from __future__ import annotations

import asyncio
import base64
import secrets
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import yaml

from sandbox.api.server import AddressTaken, Server
from tests.sandbox.api.served import SECONDS, Api

TOKEN = "test-admin-token"


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


class Running(Api):
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
        self.http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=SECONDS
        )

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
