"""Garbage collection: objects whose owners are gone go too (upstream: pkg/controller/garbagecollector).

Background: when an owner is gone its dependents are deleted. Foreground: the owner stays, with a finalizer,
until the dependents that block it are gone. Orphan: the owner's finalizer stays until its dependents have
forgotten it.
"""

from __future__ import annotations

from collections import defaultdict, deque

from sandbox.base.client import ApiError, Key, Object, path
from sandbox.controllers.housekeeping.discovery import DEFINITIONS, Resource, custom
from sandbox.controllers.machinery import objects
from sandbox.controllers.machinery.controller import Cluster, Controller

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
_IGNORED = {"events"}  # they have no owners and there are many


class GarbageCollector(Controller):
    """Knows every object by uid, and who depends on whom. Keys of its queue are ("", uid)."""

    name = "garbage-collector-controller"

    def __init__(self, cluster: Cluster, resources: list[Resource]) -> None:
        super().__init__(cluster)
        self._known: dict[str, Object] = {}
        self._dependents: defaultdict[str, set[str]] = defaultdict(set)
        self._resources = {(r.api_version, r.kind): r for r in resources if r.plural not in _IGNORED}
        for resource in self._resources.values():
            cluster.informer(resource.api_version, resource.plural).subscribe(self._changed)
        self._added: dict[str, Resource] = {}
        self._gone: deque[str] = deque(maxlen=1000)  # owners seen to go: their kind may have gone too
        cluster.informer(*DEFINITIONS).subscribe(self._definition_changed)

    def _definition_changed(self, kind: str, new: Object, old: Object | None) -> None:
        """A custom kind comes or goes, and with it what there is to follow."""
        del old
        name, served = new["metadata"]["name"], None if kind == "DELETED" else custom(new)
        before = self._added.get(name)
        if served == before or (served and (served.api_version, served.kind) in self._resources):
            return
        if before is not None:
            for obj in list(self.cluster.informer(before.api_version, before.plural).items.values()):
                self._changed("DELETED", obj, obj)  # they went with it; the watch may not have said so yet
            del self._added[name], self._resources[before.api_version, before.kind]
            self.cluster.leave(before.api_version, before.plural)
        if served is not None:
            self._added[name] = self._resources[served.api_version, served.kind] = served
            self.cluster.follow(served.api_version, served.plural).subscribe(self._changed)

    def _changed(self, kind: str, new: Object, old: Object | None) -> None:
        uid = new["metadata"]["uid"]
        for owner in objects.owners(old) if old else []:
            self._dependents[owner["uid"]].discard(uid)
            if not self._dependents[owner["uid"]]:
                del self._dependents[owner["uid"]]
        if kind == "DELETED":
            self._known.pop(uid, None)
            if uid in self._dependents:
                self._gone.append(uid)
            for dependent in self._dependents.get(uid, ()):
                self.queue.add(("", dependent))
            for owner in objects.owners(new):
                if owner["uid"] in self._known and objects.deleting(self._known[owner["uid"]]):
                    self.queue.add(("", owner["uid"]))
            return
        self._known[uid] = new
        for owner in objects.owners(new):
            self._dependents[owner["uid"]].add(uid)
        lonely = any(owner["uid"] not in self._known for owner in objects.owners(new))
        abandoned = old is not None and objects.owners(old) != objects.owners(new)
        if lonely or abandoned or _awaits(new, FOREGROUND) or _awaits(new, ORPHAN):
            self.queue.add(("", uid))
        if abandoned and old is not None:  # a foreground deletion may have waited for it
            for owner in objects.owners(old):
                self.queue.add(("", owner["uid"]))

    async def reconcile(self, key: Key) -> float | None:
        """Settle one object: as an owner that is being deleted, or as a dependent."""
        obj = self._known.get(key[1])
        if obj is None:
            return None
        try:
            if _awaits(obj, ORPHAN):
                await self._orphan_dependents(obj)
            elif _awaits(obj, FOREGROUND):
                await self._press_dependents(obj)
            elif not objects.deleting(obj) and objects.owners(obj):
                await self._judge(obj)
        except ApiError as error:
            if error.status != 404:  # gone meanwhile
                raise
        return None

    def _dependents_of(self, obj: Object) -> list[Object]:
        return [
            self._known[uid] for uid in self._dependents.get(obj["metadata"]["uid"], ()) if uid in self._known
        ]

    async def _orphan_dependents(self, owner: Object) -> None:
        uid = owner["metadata"]["uid"]
        for dependent in self._dependents_of(owner):
            await self._keep_owners(dependent, [o for o in objects.owners(dependent) if o["uid"] != uid])
        await self._take_finalizer(owner, ORPHAN)

    async def _press_dependents(self, owner: Object) -> None:
        uid, blocked = owner["metadata"]["uid"], False
        for dependent in self._dependents_of(owner):
            blocked |= any(o["uid"] == uid and o.get("blockOwnerDeletion") for o in objects.owners(dependent))
            if not objects.deleting(dependent):
                self.queue.add(("", dependent["metadata"]["uid"]))
        if not blocked:
            await self._take_finalizer(owner, FOREGROUND)

    async def _judge(self, obj: Object) -> None:
        """Keep an object that has a good owner, delete one that has none left."""
        good, waiting = [], False
        for reference in objects.owners(obj):
            owner = self._known.get(reference["uid"])
            if owner is None and reference["uid"] not in self._gone:
                owner = await self._find(obj, reference)
            if owner is not None and _awaits(owner, FOREGROUND):
                waiting = True
            elif owner is not None:
                good.append(reference)
        if good:
            if len(good) < len(objects.owners(obj)):
                await self._keep_owners(obj, good)
            return
        slow = waiting and bool(self._dependents_of(obj))
        finalizers = obj["metadata"].get("finalizers") or []
        policy = (
            "Orphan"
            if ORPHAN in finalizers
            else "Foreground"
            if slow or FOREGROUND in finalizers
            else "Background"
        )
        try:
            await self.client.delete(self._place(obj), propagation=policy, uid=obj["metadata"]["uid"])
        except ApiError as error:
            if error.status != 409:  # another object of that name
                raise

    async def _find(self, obj: Object, reference: Object) -> Object | None:
        """The owner as the API has it, should the cache not know it yet; one of unknown kind exists."""
        resource = self._resources.get((reference["apiVersion"], reference["kind"]))
        if resource is None:
            return {"metadata": {"uid": reference["uid"]}}
        space = obj["metadata"].get("namespace") if resource.namespaced else None
        try:
            found = await self.client.get(
                path(resource.api_version, resource.plural, space, reference["name"])
            )
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return found if found["metadata"]["uid"] == reference["uid"] else None

    def _place(self, obj: Object) -> str:
        resource, meta = self._resources[(obj["apiVersion"], obj["kind"])], obj["metadata"]
        return path(resource.api_version, resource.plural, meta.get("namespace"), meta["name"])

    async def _keep_owners(self, obj: Object, references: list[Object]) -> None:
        meta = obj["metadata"]
        patch = {
            "uid": meta["uid"],
            "resourceVersion": meta["resourceVersion"],
            "ownerReferences": references,
        }
        try:
            await self.client.merge(self._place(obj), {"metadata": patch})
        except ApiError as error:
            if error.status != 404:
                raise

    async def _take_finalizer(self, obj: Object, finalizer: str) -> None:
        meta = obj["metadata"]
        rest = [name for name in meta.get("finalizers") or [] if name != finalizer]
        patch = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"], "finalizers": rest}
        await self.client.merge(self._place(obj), {"metadata": patch})


def _awaits(obj: Object, finalizer: str) -> bool:
    return objects.deleting(obj) and finalizer in (obj["metadata"].get("finalizers") or [])
