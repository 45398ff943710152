"""The pretended node, and where each kind is that a test on the stage may ask for."""

from __future__ import annotations

import asyncio

from sandbox.base.client import ApiError, Client, Informer, Object, path
from sandbox.controllers.machinery import objects
from tests.sandbox.controllers.real import BLOCK, SPACE, ours

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
        await self.client.create(place("nodes"), node)
        status = {"allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]}
        await self.client.merge(place("nodes", "sandbox", "status"), {"status": status})
        self.pods.subscribe(self._changed)

    def _changed(self, kind: str, new: Object, old: Object | None) -> None:
        del old
        said = (new["metadata"]["uid"], objects.deleting(new))
        if not ours(new) or kind == "DELETED" or not new["spec"].get("nodeName") or said in self._said:
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
        address = f"{BLOCK}.{self._next // 250 + 1}.{self._next % 250 + 1}"
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
