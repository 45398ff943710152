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
from sandbox.base.client import ApiError, Client, Informer, Key, Object, key_of, path
from sandbox.controllers import manager
from sandbox.controllers.machinery import objects

TOKEN = "administrator"
DEADLINE = 30.0
SPACE = "default"
PLACES = {
    "deployments": "apps/v1",
    "replicasets": "apps/v1",
    "jobs": "batch/v1",
    "statefulsets": "apps/v1",
    "daemonsets": "apps/v1",
    "controllerrevisions": "apps/v1",
    "cronjobs": "batch/v1",
    "endpointslices": "discovery.k8s.io/v1",
}
WATCHED = (
    *("pods", "nodes", "namespaces", "events", "services", "endpoints", "resourcequotas", "configmaps"),
    *("serviceaccounts", "persistentvolumeclaims", "persistentvolumes"),
    *PLACES,
)


def place(
    plural: str, name: str | None = None, subresource: str | None = None, space: str | None = SPACE
) -> str:
    """The path of one of the watched kinds."""
    unspaced = plural in ("nodes", "namespaces", "persistentvolumes")
    return path(PLACES.get(plural, "v1"), plural, None if unspaced else space, name, subresource)


class PretendedNode:
    """Registers Node ``sandbox`` and plays the kubelet for the pods that are bound to it."""

    def __init__(self, client: Client, pods: Informer) -> None:
        self.client, self.pods = client, pods
        self.release = asyncio.Event()  # pods that are told to go leave only while this is set
        self.release.set()
        self._next, self._tasks = 1, set[asyncio.Task[None]]()
        self._said: set[tuple[str, bool]] = set()

    async def register(self, **allocatable: str) -> None:
        room = {"cpu": "8", "memory": "8Gi", "pods": "500"} | allocatable
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "sandbox"}}
        created = await self.client.create(place("nodes"), node)
        created["status"] = {"allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]}
        await self.client.replace(place("nodes", "sandbox", "status"), created)
        self.pods.subscribe(self._changed)

    def _changed(self, kind: str, new: Object, old: Object | None) -> None:
        del old
        said = (new["metadata"]["uid"], objects.deleting(new))
        if kind == "DELETED" or not new["spec"].get("nodeName") or said in self._said:
            return
        self._said.add(said)
        task = asyncio.ensure_future(self._act(new))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _act(self, pod: Object) -> None:
        meta = pod["metadata"]
        target = place("pods", meta["name"], None, meta["namespace"])
        try:
            if objects.deleting(pod):
                await self.release.wait()
                await self.client.delete(target, grace=0, uid=meta["uid"])
            elif pod["spec"]["containers"][0]["image"] != "pending":
                await self.client.merge(f"{target}/status", {"status": self._status(pod)})
        except ApiError as error:
            if error.status not in (404, 409):
                self._said.discard((meta["uid"], objects.deleting(pod)))
                await self._act(pod)

    def _status(self, pod: Object) -> Object:
        image, time = pod["spec"]["containers"][0]["image"].partition(":")[0], objects.stamp(objects.now())
        end = {"exit-0": "Succeeded", "exit-1": "Failed"}.get(image)
        word = "True" if image == "good" else "False"
        ready = {"type": "Ready", "status": word, "lastTransitionTime": time}
        self._next += 1
        address = f"127.1.{self._next // 250 + 1}.{self._next % 250 + 1}"
        scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": time}
        ended = (
            {"terminated": {"exitCode": int(image[-1]), "finishedAt": time}}
            if end
            else {"running": {"startedAt": time}}
        )
        counts = {"restartCount": 0, "ready": image == "good", "state": ended}
        container = {"name": "main", "image": image, "imageID": "", **counts}
        return {
            "phase": end or "Running",
            "podIP": address,
            "conditions": [scheduled, ready],
            "containerStatuses": [container],
        }

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Stage:
    """What a test plays with; ``caches`` show what the watch has brought."""

    def __init__(self, client: Client, state: Path, address: str, server: Server) -> None:
        self.client, self.state, self.address, self.server = client, state, address, server
        self.caches = {plural: Informer(client, PLACES.get(plural, "v1"), plural) for plural in WATCHED}
        self.node = PretendedNode(client, self.caches["pods"])
        self._changed = asyncio.Event()
        self._written: dict[tuple[str, str], int] = {}  # what is older than our own write is not looked at
        for cache in self.caches.values():
            cache.subscribe(lambda *_: self._changed.set())

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
        self.server = Server(**options)
        await self.server.start(self.state, self.address, token=TOKEN)

    def kubeconfig(self) -> Path:
        """A file that a stock kubectl understands."""
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
        tasks = [asyncio.ensure_future(manager.run(given, TOKEN, ready=ready))]
        stage = Stage(client, state, address, server)
        tasks += [asyncio.ensure_future(cache.run()) for cache in stage.caches.values()]
        try:
            async with asyncio.timeout(DEADLINE):
                await ready.wait()
            await stage.node.register()
            yield stage
            assert not tasks[0].done(), "the controllers have ended"
        finally:
            await stage.node.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await stage.server.stop()


def play(
    folder: Path, scene: Callable[[Stage], Awaitable[None]], *, route: Route = _straight, **options: Any
) -> None:
    """Run a scene on a fresh cluster; ``options`` go to the API server."""

    async def act() -> None:
        async with _staged(folder / "a state", route, options) as stage:
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
