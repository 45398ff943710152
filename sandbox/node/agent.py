"""The node: registers itself, runs the pods that are bound to it, proxies Services and serves logs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from pathlib import Path
from typing import Any

from sandbox.base.client import ApiError, Client, Informer, key_of
from sandbox.base.files import remove_tree
from sandbox.images.keeping.store import Store
from sandbox.node.configuration.cluster import Cluster
from sandbox.node.network.addresses import PodAddresses, host
from sandbox.node.network.proxy import Proxy
from sandbox.node.pod import Pod, Surroundings
from sandbox.node.processes.orphans import end_orphans
from sandbox.node.reporting.events import Recorder
from sandbox.node.reporting.registration import Registration, capacity
from sandbox.node.storage.volumes import VolumeError
from sandbox.node.timing.slowness import Slowness

Object = dict[str, Any]
NAME = "sandbox"
STOP_SECONDS = 30.0
TOKEN_SECONDS = 480.0
log = logging.getLogger(__name__)


class Node:
    """``server`` and ``token`` reach the API; ``state`` is the sandbox's directory, ``block`` the N of
    127.N.0.0/16. ``api`` is the (host, port) that containers find in KUBERNETES_SERVICE_HOST and _PORT;
    ``scale`` multiplies the back-off times, ``slowness`` is how much else takes. ``port`` is where logs are
    served (0: any free one)."""

    def __init__(
        self, server: str, token: str, state: Path, block: int, *, api: tuple[str, int], port: int = 10250,
        scale: float = 1.0, slowness: Slowness | None = None,
    ) -> None:  # fmt: skip
        self.state, self.block, self.ip, self.port, self._token = state, block, host(block), port, token
        self._scale, self._slowness = scale, slowness or Slowness()
        self._client = Client(server, token)
        self._api = api
        self._tasks: list[asyncio.Task[None]] = []
        self._workers: dict[str, Pod] = {}  # by uid
        self._endings: set[asyncio.Task[None]] = set()
        self._runner: Any = None
        self._stopping = False
        self.registered = asyncio.Event()

    async def start(self) -> None:
        """Begin everything. Raises OSError when the log port is taken."""
        client = await self._client.__aenter__()
        self._pods = Informer(client, "v1", "pods")
        self._services = Informer(client, "v1", "services")
        self._endpoints = Informer(client, "v1", "endpoints")
        watched = [
            Informer(client, "v1", kind) for kind in ("secrets", "configmaps", "persistentvolumeclaims")
        ]
        self._recorder = Recorder(client, host=NAME)
        self._around = Surroundings(
            client, self._recorder, Store(self.state), Cluster(client, self.state / "volumes"),
            PodAddresses(self.block), self.state / "pods", self.ip, self._api, capacity(self.state),
            self._scale, self._slowness,
        )  # fmt: skip
        await self._serve()
        self._proxy = Proxy(self._services, self._endpoints, self.ip)
        self._pods.subscribe(self._on_pod)
        for informer in watched[:2]:
            informer.subscribe(self._on_object)
        watched[2].subscribe(self._on_claim)
        registration = Registration(client, NAME, self.ip, self.port, self._around.capacity, self.registered)
        work = [registration.run(), self._recorder.run(), self._proxy.run(), self._sweep()]
        work.append(self._renew_tokens())
        work += [informer.run() for informer in (self._pods, self._services, self._endpoints, *watched)]
        self._tasks = [asyncio.create_task(one) for one in work]

    async def _serve(self) -> None:
        from aiohttp import web

        from sandbox.node.server import application

        self._runner = web.AppRunner(
            application(self._token, self._find), access_log=None, shutdown_timeout=0.5
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.ip, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self, *, pods: bool) -> None:
        """End the node's work. ``pods``: end the containers too (at most 30 s); otherwise they run on by
        themselves."""
        self._stopping = True  # what the end of a pod may bring about is for the next node
        if pods:
            await asyncio.gather(*(self._quit(worker) for worker in self._workers.values()))
        await asyncio.gather(*(worker.detach() for worker in self._workers.values()))
        for task in [*self._tasks, *self._endings]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._endings, return_exceptions=True)
        await self._proxy.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self._client.__aexit__(None, None, None)

    async def _quit(self, worker: Pod) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS + 1):
                await worker.quit(min(worker.grace, STOP_SECONDS))

    # -- pods --------------------------------------------------------------------------------------

    def _on_pod(self, kind: str, pod: Object, _old: Object | None) -> None:
        if pod["spec"].get("nodeName") != NAME or self._stopping:
            return
        uid = pod["metadata"]["uid"]
        worker = self._workers.get(uid)
        if kind == "DELETED":
            if worker is not None:
                worker.pod = pod
                worker.end(0)
        elif worker is not None:
            worker.update(pod)
        else:
            self._workers[uid] = worker = Pod(self._around, pod)
            worker.begin()
            task = asyncio.create_task(self._until_gone(uid, worker))
            self._endings.add(task)
            task.add_done_callback(self._endings.discard)
            worker.update(pod)

    async def _until_gone(self, uid: str, worker: Pod) -> None:
        await worker.gone.wait()
        self._workers.pop(uid, None)

    def _find(self, namespace: str, name: str) -> Pod | None:
        pod = self._pods.items.get((namespace, name))
        return self._workers.get(pod["metadata"]["uid"]) if pod else None

    async def _sweep(self) -> None:
        """Remove what earlier nodes left of pods that are no more."""
        await self._pods.synced.wait()
        known = {pod["metadata"]["uid"] for pod in self._pods.items.values()}
        if self._around.pods.is_dir():
            for directory in list(self._around.pods.iterdir()):
                if directory.name not in known:
                    await asyncio.to_thread(end_orphans, directory)
                    await asyncio.to_thread(remove_tree, directory)

    # -- objects that pods use ---------------------------------------------------------------------

    def _on_object(self, kind: str, obj: Object, old: Object | None) -> None:
        """Wake the pods of the namespace that wait for something, and bring volumes made from the object up
        to date."""
        namespace, name = key_of(obj)
        for worker in self._workers.values():
            if worker.pod["metadata"]["namespace"] != namespace:
                continue
            worker.fresh.set()
            if kind == "MODIFIED" and old is not None and worker.uses(name):
                self._spawn(self._remount(worker))

    async def _renew_tokens(self) -> None:
        """Service account tokens expire; the shortest that can be asked for lives ten minutes."""
        while True:
            await asyncio.sleep(TOKEN_SECONDS)
            for worker in list(self._workers.values()):
                if worker.volumes and not worker.terminating:
                    await self._remount(worker)

    async def _remount(self, worker: Pod) -> None:
        try:
            await worker.mount_now()
        except VolumeError as error:
            worker.event("Warning", "FailedMount", str(error))

    def _on_claim(self, kind: str, claim: Object, _old: Object | None) -> None:
        if kind == "DELETED":
            self._spawn(self._around.cluster.reclaim(claim))

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(_logged(work))
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)


async def _logged(work: Any) -> None:
    try:
        await work
    except ApiError as error:
        log.warning("%s", error)


async def wait_registered(node: Node, seconds: float) -> bool:
    """Whether the node is Ready in the API within so many seconds."""
    deadline = time.monotonic() + seconds
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(deadline - time.monotonic()):
            await node.registered.wait()
            return True
    return False
