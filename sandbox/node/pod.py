"""One pod on this node: address, volumes, containers in order, status, and its end."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.base.client import Client
from sandbox.base.files import remove_tree, write_atomically
from sandbox.images.keeping.store import Store
from sandbox.node.configuration.cluster import Cluster
from sandbox.node.configuration.environment import Sources
from sandbox.node.containers.container import Container
from sandbox.node.network.addresses import PodAddresses
from sandbox.node.reporting.events import Recorder
from sandbox.node.reporting.status import PodView, pod_status, waiting
from sandbox.node.reporting.telling import Teller
from sandbox.node.storage.volumes import VolumeError, set_up
from sandbox.node.timing.backoff import Backoff
from sandbox.node.timing.durations import rfc3339, seconds_of
from sandbox.node.timing.slowness import Slowness

Object = dict[str, Any]
VOLUME_RETRY = (0.5, 120.0)  # kubelet: durationBeforeRetry, doubling
log = logging.getLogger(__name__)


@dataclass
class Surroundings:
    """What all pods of the node share."""

    client: Client
    recorder: Recorder
    store: Store
    cluster: Cluster
    addresses: PodAddresses
    pods: Path
    host_ip: str
    api: tuple[str, int]
    capacity: dict[str, str]
    scale: float
    slowness: Slowness


class Pod:
    """Implements `home.Home` for its containers. `begin` starts it, `update` tells it of a new version of
    itself."""

    def __init__(self, around: Surroundings, pod: Object) -> None:
        self.around, self.pod = around, pod
        self.directory = around.pods / pod["metadata"]["uid"]
        self.volumes: dict[str, Path] = {}
        self.ip = ""
        self.scale, self.store, self.cluster = around.scale, around.store, around.cluster
        self.slowness, self.pull_backoff = around.slowness, Backoff(around.scale)
        self.fresh = asyncio.Event()  # an object of the namespace has changed
        self.gone = asyncio.Event()  # nothing of the pod is left on this node
        self.terminating = False
        self._reason, self._message = "", ""
        self._set_up = False
        self._teller = Teller(around.client, pod["metadata"], self.status)
        self._started = (pod.get("status") or {}).get("startTime") or rfc3339(time.time())
        self._tasks: list[asyncio.Task[None]] = []
        spec, status = pod["spec"], pod.get("status") or {}
        told = [*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())]
        earlier = {one["name"]: one for one in told}
        self.inits = self._containers(spec.get("initContainers") or [], True, earlier)
        self.containers = self._containers(spec["containers"], False, earlier)

    def _containers(self, specs: list[Object], init: bool, earlier: dict[str, Object]) -> list[Container]:
        return [Container(self, spec, init=init, earlier=earlier.get(spec["name"])) for spec in specs]

    # -- what containers need ----------------------------------------------------------------------

    @property
    def named(self) -> str:
        """name_namespace(uid), as the kubelet's messages name a pod."""
        meta = self.pod["metadata"]
        return f"{meta['name']}_{meta['namespace']}({meta['uid']})"

    @property
    def grace(self) -> float:
        """terminationGracePeriodSeconds, or what the deletion asked for."""
        wanted = self.pod["metadata"].get("deletionGracePeriodSeconds")
        return float(self.pod["spec"].get("terminationGracePeriodSeconds", 30) if wanted is None else wanted)

    def sources(self) -> Sources:
        """What every environment in this pod can refer to, without Secrets and ConfigMaps."""
        around = self.around
        return Sources(api=around.api, host_ip=around.host_ip, pod_ip=self.ip, capacity=around.capacity)

    def changed(self) -> None:
        """The status has to be told."""
        self._teller.changed()

    def event(self, kind: str, reason: str, message: str, container: str = "") -> None:
        """Record an event about the pod."""
        self.around.recorder.record(self.pod, kind, reason, message, container)

    async def something_new(self, seconds: float, asked: asyncio.Event) -> None:
        """Wait until a Secret or ConfigMap of the namespace changes, ``asked`` is set, or the time is
        over."""
        self.fresh.clear()
        waits = [asyncio.create_task(one.wait()) for one in (self.fresh, asked)]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()

    # -- life --------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start the pod's work in the background."""
        self._tasks = [asyncio.create_task(self._live()), asyncio.create_task(self._teller.run())]

    def update(self, pod: Object) -> None:
        """A new version from the API."""
        self.pod = pod
        if pod["metadata"].get("deletionTimestamp"):
            self.end(self.grace)
        self.changed()

    def end(self, grace: float) -> None:
        """Terminate: the pod was deleted, and is to be gone after ``grace`` seconds."""
        if not self.terminating:
            self.terminating = True
            self._tasks.append(asyncio.create_task(self._terminate()))
        for one in [*self.inits, *self.containers]:
            one.stop(grace)

    async def _live(self) -> None:
        if (self.pod.get("status") or {}).get("phase") in (
            "Succeeded",
            "Failed",
        ) and not self.directory.exists():
            self._teller.told = (
                self.status()
            )  # it was over before this node knew it: nothing to do or to tell
            return
        try:
            self._settle()
            self.changed()
            if refused := _unsupported(self.pod):
                self._give_up("UnsupportedPod", refused)
                return
            if not await self._mount():
                return
            self._set_up = True
            self.changed()
            await self._run()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("pod %s", self.named)
            self._give_up("NodeError", f"the sandbox's node failed: {error}")

    def _settle(self) -> None:
        """The pod's address and directory: the ones it had, or new ones."""
        note = self.directory / "pod.json"
        self.directory.mkdir(parents=True, exist_ok=True)
        try:
            ip = str(json.loads(note.read_text())["ip"])
        except (OSError, ValueError, KeyError):
            ip = ""
        if not ip or not self.around.addresses.claim(ip):
            ip = self.around.addresses.take()
        self.ip = ip
        meta = self.pod["metadata"]
        write_atomically(note, json.dumps({"ip": ip, "namespace": meta["namespace"], "name": meta["name"]}))
        for one in self.containers:
            if self.inits and one.attempts.latest < 0:
                one.view.state = waiting("PodInitializing")

    def _give_up(self, reason: str, message: str) -> None:
        self._reason, self._message = reason, message
        self.event("Warning", reason, message)
        self.changed()

    async def _mount(self) -> bool:
        """Set every volume up, retrying; False when the pod is to end first."""
        wait, longest = VOLUME_RETRY[0] * self.scale, VOLUME_RETRY[1] * self.scale
        ending = self.containers[0].ending.asked
        while not self.terminating:
            try:
                await self.mount_now()
                return True
            except VolumeError as error:
                self.event("Warning", "FailedMount", str(error))
            await self.something_new(wait, ending)
            wait = min(wait * 2, longest)
        return False

    async def mount_now(self) -> None:
        """Make the volumes, or bring those made from objects up to date. Raises VolumeError."""
        for volume in self.pod["spec"].get("volumes") or ():
            directory = self.directory / "volumes" / volume["name"]
            self.volumes[volume["name"]] = await set_up(
                self.pod, volume, directory, self.cluster, self.sources()
            )

    async def _run(self) -> None:
        """Init containers one after the other, then all containers at once; sidecars stay until those have
        ended."""
        deadline = self.pod["spec"].get("activeDeadlineSeconds")
        limit = None if deadline is None else max(0.0, seconds_of(self._started) + deadline - time.time())
        sidecars: list[asyncio.Task[None]] = []
        work = asyncio.create_task(self._sequence(sidecars))
        try:
            await asyncio.wait([work], timeout=limit)
            if not work.done():
                self._give_up(
                    "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"
                )
                for one in [*self.inits, *self.containers]:
                    one.stop(self.grace)
            await work
            for one in self.inits:
                one.stop(self.grace)
            await asyncio.gather(*sidecars)
        finally:
            for task in (work, *sidecars):
                task.cancel()
        self.changed()

    async def _sequence(self, sidecars: list[asyncio.Task[None]]) -> None:
        for init in self.inits:
            if init.view.sidecar:
                sidecars.append(asyncio.create_task(init.run()))
                up = asyncio.create_task(init.up.wait())
                await asyncio.wait([sidecars[-1], up], return_when=asyncio.FIRST_COMPLETED)
                up.cancel()
                continue
            await init.run()
            if self.terminating or not (init.over and init.over["exitCode"] == 0):
                return
        await asyncio.gather(*(one.run() for one in self.containers))

    def uses(self, name: str) -> bool:
        """Whether one of the pod's volumes is made from a ConfigMap or Secret of this name."""
        return f"'{name}'" in repr(self.pod["spec"].get("volumes"))

    # -- end ---------------------------------------------------------------------------------------

    async def _terminate(self) -> None:
        """Wait for the containers to end, tell the last status, and let the API forget the pod."""
        await asyncio.gather(self._tasks[0], return_exceptions=True)
        # what an earlier node started, and this one had no time to find
        await asyncio.gather(*(one.run() for one in [*self.inits, *self.containers] if not one.lived))
        self._tasks[1].cancel()
        await asyncio.gather(self._tasks[1], return_exceptions=True)
        await self._teller.tell()
        await self._teller.forget()
        await self.clean_up()

    async def clean_up(self) -> None:
        """Remove what is left on this machine; the address is free again."""
        for task in self._tasks[:2]:
            task.cancel()
        self.around.addresses.release(self.ip)
        await asyncio.to_thread(remove_tree, self.directory)
        self.gone.set()

    async def quit(self, grace: float) -> None:
        """End the containers but keep the pod: the whole node is going down, and will start them again."""
        for one in [*self.inits, *self.containers]:
            one.stop(grace)
        await asyncio.gather(self._tasks[0], return_exceptions=True)

    async def detach(self) -> None:
        """Stop working without touching containers or API: the node is going down."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- status ---------------------------------------------------------------------------------------

    def status(self) -> Object:
        """The PodStatus as it should be now."""
        ours = {one["type"]: one for one in self._teller.told.get("conditions") or ()}
        known = (self.pod.get("status") or {}).get("conditions") or ()
        conditions = [*({one["type"]: one for one in known} | ours).values()]
        views = [one.view for one in self.containers], [one.view for one in self.inits]
        pod, told = {**self.pod, "status": {"conditions": conditions}}, (self._reason, self._message)
        view = PodView(pod, *views, self.ip, self.around.host_ip, self._started, *told, self._set_up)
        return pod_status(view, rfc3339(time.time()))


def _unsupported(pod: Object) -> str:
    """Why this pod cannot run here ("" when it can)."""
    spec = pod["spec"]
    for field in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):  # api/validation/unrun.py
        if spec.get(field):
            return f"{field}: not supported by the sandbox, where containers are plain processes"
    if (spec.get("os") or {}).get("name", "linux") != "linux":
        return "only linux pods can run in the sandbox"
    return ""
