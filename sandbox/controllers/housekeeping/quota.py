"""ResourceQuotas: what their status says is used. The API itself refuses what would be too much."""

from __future__ import annotations

from sandbox.base.client import ApiError, Key, Object, path
from sandbox.base.quota import used_by
from sandbox.controllers.machinery import pods
from sandbox.controllers.machinery.controller import Cluster, Controller

# Kinds that quotas usually count and the controllers watch anyway; others are listed when a quota names them.
_WATCHED = (
    ("v1", "pods"),
    ("v1", "services"),
    ("v1", "secrets"),
    ("v1", "configmaps"),
    ("v1", "persistentvolumeclaims"),
    ("v1", "resourcequotas"),
    ("apps/v1", "deployments"),
    ("apps/v1", "replicasets"),
    ("batch/v1", "jobs"),
)
# seconds between counts of kinds that are not watched (upstream counts everything anew every 5 min)
EVERY = 300.0


class QuotaController(Controller):
    """Counts again when a quota changes, or an object of its namespace comes, goes or ends."""

    name = "resourcequota-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.quotas = cluster.informer("v1", "resourcequotas")
        self.counted = {place: cluster.informer(*place) for place in _WATCHED}
        self.quotas.subscribe(self.enqueue)
        for informer in self.counted.values():
            informer.subscribe(self._changed)

    def _changed(self, kind: str, new: Object, old: Object | None) -> None:
        ended = old is not None and new.get("kind") == "Pod" and pods.finished(new) != pods.finished(old)
        if kind in ("ADDED", "DELETED") or ended:
            for key in self.quotas.items:
                if key[0] == new["metadata"].get("namespace"):
                    self.queue.add(key)

    async def reconcile(self, key: Key) -> float | None:
        """Write status.hard and status.used."""
        quota = self.quotas.items.get(key)
        if quota is None:
            return None
        hard, space = quota["spec"].get("hard") or {}, key[0]
        counted = [obj for i in self.counted.values() for k, obj in i.items.items() if k[0] == space]
        unwatched = [place for resource in hard if (place := _place(resource)) and place not in self.counted]
        for place in unwatched:
            counted += await self._list(space, *place)
        status = {"hard": hard, "used": used_by(quota, counted)}
        if status != quota.get("status"):
            await self.client.replace(
                path("v1", "resourcequotas", *key, "status"), {**quota, "status": status}
            )
        return EVERY if unwatched else None

    async def _list(self, namespace: str, api_version: str, plural: str) -> list[Object]:
        try:
            answer = await self.client.get(path(api_version, plural, namespace))
        except ApiError as error:
            if error.status == 404:  # the quota counts a kind that this cluster does not have
                return []
            raise
        kind = {"apiVersion": api_version, "kind": answer["kind"].removesuffix("List")}
        return [{**kind, **item} for item in answer["items"]]


def _place(resource: str) -> tuple[str, str] | None:
    """Where objects behind "count/<plural>.<group>" are listed; only version v1 of a group is looked at."""
    if not resource.startswith("count/"):
        return None
    plural, _, group = resource.removeprefix("count/").partition(".")
    return (f"{group}/v1" if group else "v1", plural)
