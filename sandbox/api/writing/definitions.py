"""CustomResourceDefinitions at work: their kinds are served while they are there, and go with their objects.

Upstream: the establishing, naming and finalizing controllers of apiextensions-apiserver. Here the server
itself does it, right after the write, so that a kind can be used as soon as its definition is stored.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from sandbox.api.storage.store import Change, Entry, Object, Store
from sandbox.api.types.customs import Definition
from sandbox.api.types.sections import each, section
from sandbox.api.writing.deletion import DeleteOptions, delete
from sandbox.api.writing.writes import timestamp
from sandbox.base.kinds import CUSTOM, KindInfo, by_plural, the_kind

FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_INFO = the_kind("apiextensions.k8s.io/v1", CUSTOM)
log = logging.getLogger(__name__)


def kind_of(definition: Object) -> KindInfo:
    """The kind that a (valid) definition adds, in its storage version."""
    spec = definition["spec"]
    names, version = spec["names"], next(one for one in spec["versions"] if one.get("storage"))
    sections = section(version, "subresources")
    scale = section(sections, "scale")
    plain = scale.get("specReplicasPath") == ".spec.replicas"
    return KindInfo(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        plural=names["plural"],
        singular=names.get("singular") or names["kind"].lower(),
        short_names=tuple(names.get("shortNames") or ()),
        namespaced=spec["scope"] == "Namespaced",
        controller=True,
        subresources=(*(("status",) if "status" in sections else ()), *(("scale",) if plain else ())),
        categories=tuple(names.get("categories") or ()),
        definition=Definition(version),
    )


class Definitions:
    """Keeps a store's catalogue of kinds in step with the definitions in it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._following: dict[str, Any] = {}
        for entry in store.entries(_INFO):
            self._serve(entry)
            self._soon(entry.name)
        store.subscribe(_INFO, self._changed)

    def _changed(self, change: Change) -> None:
        if change.type == "DELETED":
            self._withdraw(change.entry.name)
        else:
            self._serve(change.entry)
            self._soon(change.entry.name)

    def _soon(self, name: str) -> None:
        """The rest is done after the write: a change from within it would come out of order."""
        asyncio.get_running_loop().call_soon(self._settle, name)

    def _serve(self, entry: Entry) -> None:
        info = kind_of(entry.object)
        before = self._store.kinds.added(info.resource)
        if self._clash(info) or by_plural(info.group, info.version, info.plural) is not None:
            return  # what is built in stays as it is, whoever defines it once more
        if before == info and _details(before) == _details(info):
            return
        self._store.serve(info)
        if info.resource not in self._following:
            self._following[info.resource] = self._store.subscribe(info, self._object_changed)

    def _withdraw(self, resource: str) -> None:
        info = self._store.kinds.added(resource)
        if info is not None:
            self._store.withdraw(info)
        unsubscribe = self._following.pop(resource, None)
        if unsubscribe is not None:
            unsubscribe()

    def _object_changed(self, change: Change) -> None:
        if change.type == "DELETED":
            self._soon(change.entry.info.resource)

    def _clash(self, info: KindInfo) -> str:
        """Why a kind's names cannot be accepted, "" when they can."""
        for other in self._store.kinds:
            if other.group != info.group or other.resource == info.resource:
                continue
            if other.kind == info.kind:
                return f'"{info.kind}" is already in use'
            taken = {info.singular, *info.short_names} & {other.singular, other.plural, *other.short_names}
            if taken:
                return f'"{min(taken)}" is already in use'
        return ""

    def _settle(self, name: str) -> None:
        """Say how the definition stands; take the objects of one that is being deleted away, then itself."""
        entry = self._store.get(_INFO, "", name)
        if entry is None:
            return
        try:
            if "deletionTimestamp" in entry.object["metadata"]:
                self._finalize(entry)
            else:
                self._establish(entry)
        except Exception:
            log.exception("the definition %s could not be settled", name)

    def _finalize(self, entry: Entry) -> None:
        info = self._store.kinds.added(entry.name)
        if info is not None:
            for custom in self._store.entries(info):
                delete(self._store, custom, DeleteOptions())
            if self._store.entries(info):
                return  # some wait for finalizers of their own; each that goes brings us here again
        obj = entry.copy()
        rest = [one for one in obj["metadata"].get("finalizers") or [] if one != FINALIZER]
        if rest == obj["metadata"].get("finalizers"):
            return
        obj["metadata"]["finalizers"] = rest
        if rest:
            self._store.put(_INFO, obj)
        else:
            self._store.remove(entry)

    def _establish(self, entry: Entry) -> None:
        obj, info = entry.copy(), kind_of(entry.object)
        clash = self._clash(info)
        accepted = (
            ("False", "NameConflict", clash) if clash else ("True", "NoConflicts", "no conflicts found")
        )
        good = ("True", "InitialNamesAccepted", "the initial names have been accepted")
        established = ("False", "NotAccepted", "not all names are accepted") if clash else good
        old = section(obj, "status")
        conditions = [
            _condition(old, "NamesAccepted", *accepted),
            _condition(old, "Established", *established),
        ]
        stored = [*dict.fromkeys([*(old.get("storedVersions") or []), info.version])]
        names = {} if clash else obj["spec"]["names"]
        obj["status"] = {"conditions": conditions, "acceptedNames": names, "storedVersions": stored}
        finalizers = obj["metadata"].get("finalizers") or []
        if FINALIZER not in finalizers:
            obj["metadata"]["finalizers"] = [*finalizers, FINALIZER]
        if obj != entry.object:
            self._store.put(_INFO, obj)


def _details(info: KindInfo | None) -> tuple[Any, ...]:
    """What of a kind may change while it stays the same."""
    return () if info is None else (info.definition, info.subresources, info.short_names, info.categories)


def _condition(status: Object, kind: str, value: str, reason: str, message: str) -> Object:
    old = next((one for one in each(status, "conditions") if one.get("type") == kind), {})
    since = old.get("lastTransitionTime") if old.get("status") == value else None
    told = {"lastTransitionTime": since or timestamp(), "message": message, "reason": reason}
    return {**told, "status": value, "type": kind}
