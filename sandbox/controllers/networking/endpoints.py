"""Endpoints and EndpointSlices of Services with a selector."""

from __future__ import annotations

from sandbox.base.client import ApiError, Key, Object, path
from sandbox.controllers.machinery import objects
from sandbox.controllers.machinery.controller import Cluster, Controller, namespace_is_going
from sandbox.controllers.networking import endpoint_plan

SLICES = "discovery.k8s.io/v1"
SERVICE_NAME = "kubernetes.io/service-name"


class EndpointsController(Controller):
    """Endpoints of a Service without selector are somebody else's; they are left alone while it exists."""

    name = "endpoints-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.services = cluster.informer("v1", "services")
        self.pods = cluster.informer("v1", "pods")
        self.endpoints = cluster.informer("v1", "endpoints")
        self.slices = cluster.informer(SLICES, "endpointslices")
        self.services.subscribe(self.enqueue)
        self.endpoints.subscribe(self.enqueue)
        self.slices.subscribe(self._slice_changed)
        self.pods.subscribe(self._pod_changed)

    def _slice_changed(self, kind: str, new: Object, old: Object | None) -> None:
        del kind, old
        if name := objects.labels_of(new).get(SERVICE_NAME):
            self.queue.add((new["metadata"]["namespace"], name))

    def _pod_changed(self, kind: str, new: Object, old: Object | None) -> None:
        del kind
        for pod in filter(None, (new, old)):
            for key, service in self.services.items.items():
                selector = service["spec"].get("selector")
                same_space = key[0] == pod["metadata"]["namespace"]
                if same_space and selector and selector.items() <= objects.labels_of(pod).items():
                    self.queue.add(key)

    async def reconcile(self, key: Key) -> float | None:
        """Write what is behind the Service now."""
        service = self.services.items.get(key)
        if service is None:
            if key in self.endpoints.items:
                await self._remove(path("v1", "endpoints", *key))
            return None
        if not service["spec"].get("selector") or service["spec"].get("type") == "ExternalName":
            return None
        here = [pod for place, pod in self.pods.items.items() if place[0] == key[0]]
        behind = endpoint_plan.chosen(service, here)
        try:
            await self._write_endpoints(key, service, behind)
            await self._write_slices(key, service, behind)
        except ApiError as error:
            if not namespace_is_going(error):
                raise
        return None

    async def _write_endpoints(self, key: Key, service: Object, behind: list[Object]) -> None:
        labels = objects.labels_of(service)
        if service["spec"].get("clusterIP") == "None":
            labels = {**labels, "service.kubernetes.io/headless": ""}
        wanted = {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": key[1], "namespace": key[0], "labels": labels},
            "subsets": endpoint_plan.subsets(service, behind),
        }
        current = self.endpoints.items.get(key)
        if current is None:
            await self.client.create(path("v1", "endpoints", key[0]), wanted)
        elif (current.get("subsets") or [], objects.labels_of(current)) != (wanted["subsets"], labels):
            meta = {**current["metadata"], "labels": labels}
            await self.client.replace(path("v1", "endpoints", *key), {**wanted, "metadata": meta})

    async def _write_slices(self, key: Key, service: Object, behind: list[Object]) -> None:
        wanted = {each["metadata"]["name"]: each for each in endpoint_plan.slices(service, behind)}
        for (space, name), current in list(self.slices.items.items()):
            labels = objects.labels_of(current)
            ours = labels.get("endpointslice.kubernetes.io/managed-by") == endpoint_plan.MANAGED_BY
            if space != key[0] or labels.get(SERVICE_NAME) != key[1] or not ours:
                continue
            update = wanted.pop(name, None)
            if update is None:
                await self._remove(path(SLICES, "endpointslices", space, name))
            elif _content(update) != _content(current):
                meta = {**current["metadata"], "labels": update["metadata"]["labels"]}
                await self.client.replace(
                    path(SLICES, "endpointslices", space, name), {**update, "metadata": meta}
                )
        for new in wanted.values():
            await self.client.create(path(SLICES, "endpointslices", key[0]), new)

    async def _remove(self, place: str) -> None:
        try:
            await self.client.delete(place)
        except ApiError as error:
            if error.status != 404:
                raise


def _content(each: Object) -> tuple[object, ...]:
    return each.get("endpoints") or [], each.get("ports") or [], objects.labels_of(each)
