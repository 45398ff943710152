"""A cluster to try the controllers on: the real API server, the real controllers, and a node that only
pretends.

The pretended node says what a container's image name tells it to say, so that a test decides what happens
without starting a process: ``good`` becomes ready, ``sick`` runs but is never ready, ``exit-0`` and
``exit-1`` end, ``pending`` stays silent. Everything a test waits for is waited for on watch events, with a
deadline.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from sandbox.api.server import AddressTaken, Server
from sandbox.base.client import Client, Informer, Key, Object, key_of
from sandbox.controllers import manager
from sandbox.controllers.machinery import objects
from tests.sandbox.api.real import named
from tests.sandbox.controllers import real
from tests.sandbox.controllers.pretended import PLACES, WATCHED, PretendedNode, place
from tests.sandbox.controllers.real import SPACE

TOKEN = "administrator"
DEADLINE = 30.0 if named() is None else 120.0
"""Seconds: a real cluster's controllers hold back for 10 s and more after a failure."""


class Stage:
    """What a test plays with; ``caches`` show what the watch has brought."""

    def __init__(self, client: Client, state: Path, address: str, server: Server | None) -> None:
        self.client, self.state, self.address, self._server = client, state, address, server
        self.caches = {plural: Informer(client, PLACES.get(plural, "v1"), plural) for plural in WATCHED}
        self.node = PretendedNode(client, self.caches["pods"])
        self._changed = asyncio.Event()
        self._written: dict[tuple[str, str], int] = {}  # what is older than our own write is not looked at
        for cache in self.caches.values():
            cache.subscribe(lambda *_: self._changed.set())

    @property
    def server(self) -> Server:
        """The sandbox's API server."""
        if self._server is None:
            real.only_a_sandbox("about the sandbox's own server")
        assert self._server is not None
        return self._server

    def all(self, plural: str, space: str = SPACE, **labels: str) -> list[Object]:
        """What the watch has shown of a kind, those with these labels."""
        found = [obj for key, obj in self.caches[plural].items.items() if key[0] in ("", space)]
        return [obj for obj in found if labels.items() <= objects.labels_of(obj).items()]

    def get(self, plural: str, name: str, space: str = SPACE) -> Object:
        """One object, {} while there is none (or the watch has not brought what the test itself wrote)."""
        items: dict[Key, Object] = self.caches[plural].items
        found = items.get((space, name)) or items.get(("", name)) or {}
        stale = found and int(found["metadata"]["resourceVersion"]) < self._written.get((plural, name), 0)
        return {} if stale else found

    async def until(self, holds: Callable[[], Any], deadline: float = DEADLINE) -> Any:
        """Wait until a question about the caches has a true answer, and return that; what is read of other
        kinds afterwards is no older."""
        try:
            async with asyncio.timeout(deadline):
                while not (answer := holds()):
                    self._changed.clear()
                    await self._changed.wait()
                await self.caught_up()
                return answer
        except TimeoutError:
            seen = {plural: self.all(plural) for plural in (*PLACES, "pods", "events")}
            rows = [(plural, obj) for plural, found in seen.items() for obj in found]
            brief = [
                f"{p} {o['metadata']['name']}: {json.dumps(o.get('status') or o.get('message'))}"
                for p, o in rows
            ]
            raise AssertionError("waited in vain; " + "\n".join(brief)) from None

    async def caught_up(self) -> None:
        """Until the caches hold all that the API holds now. Each kind has a watch of its own, so that one may
        show the end of something before another one shows its middle."""
        for plural, cache in self.caches.items():
            listed = await self.client.get(place(plural, space=None))
            newest, wanted = int(listed["metadata"]["resourceVersion"]), _versions(listed["items"])
            while cache.version < newest and _versions(cache.items.values()) != wanted:
                self._changed.clear()
                await self._changed.wait()

    async def create(self, plural: str, obj: Object) -> Object:
        space = obj["metadata"].get("namespace", SPACE)
        return await self.client.create(place(plural, space=space), obj)

    async def patch(self, plural: str, name: str, patch: Object) -> Object:
        answer = await self.client.merge(place(plural, name), patch)
        self._written[(plural, name)] = int(answer["metadata"]["resourceVersion"])
        return answer

    async def restart_api(self, **options: Any) -> None:
        """Stop the server and start another one on the same state and address."""
        await self.server.stop()
        self._server = Server(**options)
        await self.server.start(self.state, self.address, token=TOKEN)

    def kubeconfig(self) -> Path:
        """A file that a stock kubectl understands."""
        if (given := named()) is not None:
            return given
        cluster = {
            "server": f"https://{self.address}:6443",
            "certificate-authority-data": base64.b64encode(self.server.authority).decode(),
        }
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "s",
            "clusters": [{"name": "s", "cluster": cluster}],
            "users": [{"name": "s", "user": {"token": TOKEN}}],
            "contexts": [{"name": "s", "context": {"cluster": "s", "user": "s"}}],
        }
        file = self.state.parent / "kubeconfig"
        file.write_text(json.dumps(config))
        return file


def _versions(found: Iterable[Object]) -> set[tuple[Key, str]]:
    return {(key_of(obj), obj["metadata"]["resourceVersion"]) for obj in found}


async def _listening(server: Server, state: Path) -> str:
    """Start on the first free block."""
    for block in random.sample(range(2, 254), 20):
        try:
            address = f"127.{block}.0.1"
            await server.start(state, address, token=TOKEN)
            return address
        except AddressTaken:
            continue
    raise AssertionError("no free block of addresses")


Route = Callable[
    [str], AbstractAsyncContextManager[str]
]  # from the API's URL to the one that controllers are given


@asynccontextmanager
async def _straight(url: str) -> AsyncIterator[str]:
    yield url


@asynccontextmanager
async def _staged(state: Path, route: Route, options: dict[str, Any]) -> AsyncIterator[Stage]:
    server = Server(**options)
    address = await _listening(server, state)
    ready, url = asyncio.Event(), f"http://{address}:8001"
    async with route(url) as given, Client(url, TOKEN) as client:
        stage = Stage(client, state, address, server)
        controllers = asyncio.ensure_future(manager.run(given, TOKEN, ready=ready))
        try:
            async with asyncio.timeout(DEADLINE):
                await ready.wait()
            async with _following(stage):
                yield stage
            assert not controllers.done(), "the controllers have ended"
        finally:
            controllers.cancel()
            await asyncio.gather(controllers, return_exceptions=True)
            await stage.server.stop()


@asynccontextmanager
async def _visiting(state: Path, route: Route, options: dict[str, Any]) -> AsyncIterator[Stage]:
    """The stage in the cluster that KUBERNETES_TEST_CONFIG names, with its own controllers."""
    if options or route is not _straight:
        real.only_a_sandbox("needs a server with settings of its own")
    async with real.guest() as client:
        stage = Stage(client, state, "", None)
        async with _following(stage):
            yield stage


@asynccontextmanager
async def _following(stage: Stage) -> AsyncIterator[None]:
    """The caches follow, and the node is there."""
    tasks = [asyncio.ensure_future(cache.run()) for cache in stage.caches.values()]
    try:
        await stage.node.register()
        yield
    finally:
        await stage.node.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def play(
    folder: Path, scene: Callable[[Stage], Awaitable[None]], *, route: Route = _straight, **options: Any
) -> None:
    """Run a scene on a fresh cluster; ``options`` go to the API server."""

    async def act() -> None:
        staged = _staged if named() is None else _visiting
        async with staged(folder / "a state", route, options) as stage:
            await scene(stage)

    asyncio.run(act())


def deployment(name: str = "web", image: str = "good", replicas: int = 2, **spec: Any) -> Object:
    """A Deployment whose pods carry app=<name>."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, **image_patch(image)["spec"]["template"]}
    base = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": base | spec}


def image_patch(image: str) -> Object:
    """A merge patch that changes the one container's image."""
    containers = [{"name": "main", "image": image, "ports": [{"name": "http", "containerPort": 3000}]}]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


def rolled_out(found: Object) -> bool:
    """What `kubectl rollout status` calls successfully rolled out."""
    if not found:
        return False
    status, desired = found.get("status") or {}, found["spec"]["replicas"]
    seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    return seen and all(
        status.get(n, 0) == desired for n in ("updatedReplicas", "replicas", "availableReplicas")
    )


def reason(found: Object, kind: str = "Progressing") -> str:
    """The reason of a status condition, "" while it is not there."""
    return str((objects.condition(found, kind) or {}).get("reason", "")) if found else ""
