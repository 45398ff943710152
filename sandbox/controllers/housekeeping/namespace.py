"""Namespaces: what each new one is given, and emptying those that are being deleted."""

from __future__ import annotations

from sandbox.base.client import ApiError, Key, Object, path
from sandbox.controllers.housekeeping.discovery import DEFINITIONS, Resource, custom
from sandbox.controllers.machinery import objects
from sandbox.controllers.machinery.controller import Cluster, Controller, namespace_is_going

ROOT_CA = "kube-root-ca.crt"
PATIENCE = 1.0  # seconds between looks at a namespace whose objects take their time


class NamespaceController(Controller):
    """Gives each namespace its ServiceAccount and the cluster's CA; empties and ends a terminating one."""

    name = "namespace-controller"

    def __init__(self, cluster: Cluster, resources: list[Resource]) -> None:
        super().__init__(cluster)
        self._contents = [resource for resource in resources if resource.namespaced]
        self.definitions = cluster.informer(*DEFINITIONS)
        self.namespaces = cluster.informer("v1", "namespaces")
        self.accounts = cluster.informer("v1", "serviceaccounts")
        self.maps = cluster.informer("v1", "configmaps")
        self.namespaces.subscribe(self.enqueue)
        self.accounts.subscribe(self._content_changed)
        self.maps.subscribe(self._content_changed)
        cluster.informer("v1", "pods").subscribe(self._content_changed)

    def _content_changed(self, kind: str, new: Object, old: Object | None) -> None:
        del old
        space, name = new["metadata"]["namespace"], new["metadata"]["name"]
        if kind == "DELETED":
            self.queue.add(("", space))
        elif (space, name) == ("kube-public", ROOT_CA):
            for key in self.namespaces.items:
                self.queue.add(key)

    async def reconcile(self, key: Key) -> float | None:
        """Furnish or empty."""
        namespace = self.namespaces.items.get(key)
        if namespace is None:
            return None
        if objects.deleting(namespace):
            return await self._empty(namespace)
        try:
            await self._furnish(key[1])
        except ApiError as error:
            if not namespace_is_going(error) and error.reason != "AlreadyExists":
                raise
        return None

    async def _furnish(self, space: str) -> None:
        if (space, "default") not in self.accounts.items:
            account = {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": space},
            }
            await self.client.create(path("v1", "serviceaccounts", space), account)
        given = self.maps.items.get(("kube-public", ROOT_CA))
        if given is None or space == "kube-public":
            return
        current = self.maps.items.get((space, ROOT_CA))
        if current is None:
            meta = {"name": ROOT_CA, "namespace": space}
            copied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": given["data"]}
            await self.client.create(path("v1", "configmaps", space), copied)
        elif current.get("data") != given["data"]:
            await self.client.replace(
                path("v1", "configmaps", space, ROOT_CA), {**current, "data": given["data"]}
            )

    async def _empty(self, namespace: Object) -> float | None:
        """Delete everything in it; when nothing is left, take our finalizer off, and the API removes it.

        Pods go first: while there are any, nothing else is touched, and nothing is told, as by upstream's
        OrderedNamespaceDeletion.
        """
        space = namespace["metadata"]["name"]
        if await self._emptied(path("v1", "pods", space)):
            return PATIENCE
        left: dict[str, int] = {}
        added = filter(None, map(custom, self.definitions.items.values()))
        for resource in [*self._contents, *(one for one in added if one.namespaced)]:
            remaining = await self._emptied(path(resource.api_version, resource.plural, space))
            kind = f"{resource.plural}.{resource.api_version.rpartition('/')[0]}"
            left |= {kind: remaining} if remaining else {}
        if left:
            await self._tell(namespace, left)
            return PATIENCE
        rest = [
            name for name in (namespace.get("spec") or {}).get("finalizers") or [] if name != "kubernetes"
        ]
        await self.client.replace(
            path("v1", "namespaces", None, space, "finalize"),
            {**namespace, "spec": {**(namespace.get("spec") or {}), "finalizers": rest}},
        )
        return None

    async def _emptied(self, place: str) -> int:
        """Delete what is in a collection; how much of it is still there."""
        items = await self._list(place)
        for item in items:
            if not objects.deleting(item):
                await self._delete(f"{place}/{item['metadata']['name']}", item["metadata"]["uid"])
        # what ends at once is gone at the next look
        return len(await self._list(place)) if items else 0

    async def _list(self, place: str) -> list[Object]:
        try:
            return list((await self.client.get(place)).get("items") or [])
        except ApiError as error:
            if error.status == 404:  # a custom kind that is served no more
                return []
            raise

    async def _delete(self, place: str, uid: str) -> None:
        try:
            await self.client.delete(place, propagation="Background", uid=uid)
        except ApiError as error:
            if error.status not in (404, 409):
                raise

    async def _tell(self, namespace: Object, left: dict[str, int]) -> None:
        """Say in its status what it still waits for (upstream's NamespaceContentRemaining)."""
        listed = ", ".join(f"{kind} has {count} resource instances" for kind, count in sorted(left.items()))
        condition = {
            "type": "NamespaceContentRemaining",
            "status": "True",
            "reason": "SomeResourcesRemain",
            "message": f"Some resources are remaining: {listed}",
            "lastTransitionTime": objects.stamp(objects.now()),
        }
        seen = objects.condition(namespace, condition["type"])
        if seen is not None and seen["message"] == condition["message"]:
            return
        status = namespace.get("status") or {}
        others = objects.without_condition(status.get("conditions") or [], condition["type"])
        place = path("v1", "namespaces", None, namespace["metadata"]["name"], "status")
        await self.client.merge(place, {"status": {"conditions": [*others, condition]}})
