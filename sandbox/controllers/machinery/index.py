"""Who controls what: the children of each owner, and the writes that the cache has not shown yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from sandbox.base.client import ApiError, Client, Informer, Key, Object, key_of, path
from sandbox.controllers.machinery import objects


class Owned:
    """An index of an informer's objects by the uid of their controller.

    What was created or deleted through ``created`` and ``deleted`` counts at once, not only when the watch
    brings it, so that a controller that looks again early neither creates a second time nor deletes one more.
    """

    def __init__(self, informer: Informer) -> None:
        self.informer = informer
        self._children: defaultdict[str, dict[Key, Object]] = defaultdict(dict)
        self._created: defaultdict[str, dict[str, Object]] = defaultdict(dict)
        self._deleted: set[str] = set()
        informer.subscribe(self._follow)

    def of(self, owner: Object) -> list[Object]:
        """What ``owner`` controls; what it has deleted says so by a deletionTimestamp."""
        uid = owner["metadata"]["uid"]
        seen = {child["metadata"]["uid"]: child for child in self._children.get(uid, {}).values()}
        for each in list(self._created.get(uid, {}).values()):
            if int(each["metadata"]["resourceVersion"]) <= self.informer.version:
                del self._created[uid][each["metadata"]["uid"]]  # the cache is past it: there, or gone again
            else:
                seen.setdefault(each["metadata"]["uid"], each)
        if not self._created.get(uid):
            self._created.pop(uid, None)
        return [_going(child) if child_uid in self._deleted else child for child_uid, child in seen.items()]

    def orphans(self, namespace: str) -> list[Object]:
        """Objects of a namespace that nobody controls."""
        return [child for key, child in self._children.get("", {}).items() if key[0] == namespace]

    def created(self, obj: Object) -> None:
        """The API has accepted this new object."""
        self._created[_parent(obj)][obj["metadata"]["uid"]] = obj

    def deleted(self, obj: Object) -> None:
        """The API has accepted to delete it."""
        if key_of(obj) in self.informer.items:
            self._deleted.add(obj["metadata"]["uid"])
        self._created.get(_parent(obj), {}).pop(obj["metadata"]["uid"], None)

    def _follow(self, kind: str, new: Object, old: Object | None) -> None:
        if old is not None:
            children = self._children[_parent(old)]
            children.pop(key_of(old), None)
            if not children:
                del self._children[_parent(old)]
        if kind == "DELETED" or objects.deleting(new):
            self._deleted.discard(new["metadata"]["uid"])
        if kind != "DELETED":
            self._children[_parent(new)][key_of(new)] = new


def _going(obj: Object) -> Object:
    return {**obj, "metadata": {"deletionTimestamp": objects.stamp(objects.now()), **obj["metadata"]}}


def _parent(obj: Object) -> str:
    owner = objects.controller_of(obj)
    return owner["uid"] if owner else ""


async def claim(
    client: Client,
    owner: Object,
    owner_plural: str,
    index: Owned,
    belongs: Callable[[Object], bool] = lambda _: True,
) -> list[Object]:
    """The children of ``owner`` after adopting orphans that its selector picks and releasing those it no
    longer picks. ``belongs`` can be stricter than the selector.

    Upstream: ControllerRefManager. Adoption asks the API, not the cache, whether the owner is still the same
    and stays.
    """
    selector = owner["spec"].get("selector")
    plural, kept = index.informer.plural, []
    for child in index.of(owner):
        if objects.selects(selector, objects.labels_of(child)) and belongs(child):
            kept.append(child)
        elif not objects.deleting(owner):
            others = [o for o in objects.owners(child) if o["uid"] != owner["metadata"]["uid"]]
            await _reown(client, plural, child, others)
    if objects.deleting(owner):
        return kept
    strays = [
        child
        for child in index.orphans(owner["metadata"].get("namespace", ""))
        if objects.selects(selector, objects.labels_of(child))
        and not objects.deleting(child)
        and belongs(child)
    ]
    if strays and await _stays(client, owner, owner_plural):
        for child in strays:
            references = [*objects.owners(child), objects.owner_reference(owner)]
            if adopted := await _reown(client, plural, child, references):
                kept.append(adopted)
    return kept


async def remove(client: Client, index: Owned, child: Object, propagation: str | None = None) -> bool:
    """Delete this child, and no other of its name; False when it was gone already. ApiError for other
    refusals."""
    meta = child["metadata"]
    place = path(child["apiVersion"], index.informer.plural, meta["namespace"], meta["name"])
    there = True
    try:
        await client.delete(place, propagation=propagation, uid=meta["uid"])
    except ApiError as error:
        if error.status not in (404, 409):  # 409: another one of that name
            raise
        there = False
    index.deleted(child)
    return there


async def _stays(client: Client, owner: Object, plural: str) -> bool:
    meta = owner["metadata"]
    live = await client.get(path(owner["apiVersion"], plural, meta.get("namespace"), meta["name"]))
    return bool(live["metadata"]["uid"] == meta["uid"]) and not objects.deleting(live)


async def _reown(client: Client, plural: str, child: Object, references: Iterable[Object]) -> Object | None:
    """Give the child these owners unless it has changed meanwhile; None when it is gone."""
    meta = child["metadata"]
    patch = {
        "uid": meta["uid"],
        "resourceVersion": meta["resourceVersion"],
        "ownerReferences": list(references),
    }
    try:
        return await client.merge(
            path(child["apiVersion"], plural, meta.get("namespace"), meta["name"]), {"metadata": patch}
        )
    except ApiError as error:
        if error.status in (404, 422):
            return None
        raise
