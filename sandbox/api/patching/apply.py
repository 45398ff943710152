"""Server-side apply, and the ownership that plain writes leave behind.

Source: "Server-Side Apply" in the Kubernetes documentation; where that is silent, what kube-apiserver does.
"""

from __future__ import annotations

import json
from typing import Any

from sandbox.api.patching import fieldsets, merging, typed
from sandbox.api.patching.fieldsets import Paths
from sandbox.api.patching.managers import APPLY, UPDATE, Entry, ownable, read, write
from sandbox.api.types.canonical import canonical
from sandbox.api.types.errors import PatchError
from sandbox.api.types.schema import Schema
from sandbox.api.types.sections import section
from sandbox.api.types.skeletons import skeleton
from sandbox.api.types.values import too_deep
from sandbox.base.copying import copied
from sandbox.base.kinds import by_kind

Object = dict[str, Any]
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MANAGER_LENGTH = 128


class Conflicts(Exception):
    """Fields that other managers own with another value; str() is the server's message.

    `conflicts` lists (manager as the server names it, path): ('"kubectl" using apps/v1', ".spec.replicas").
    """

    def __init__(self, conflicts: list[tuple[str, str]]) -> None:
        self.conflicts = conflicts
        super().__init__(self._message())

    def _message(self) -> str:
        if len(self.conflicts) == 1:
            ((manager, path),) = self.conflicts
            return f"Apply failed with 1 conflict: conflict with {manager}: {path}"
        lines = []
        for manager in sorted({manager for manager, _ in self.conflicts}):
            lines.append(f"conflicts with {manager}:")
            lines += [f"- {path}" for owner, path in self.conflicts if owner == manager]
        return f"Apply failed with {len(self.conflicts)} conflicts: " + "\n".join(lines)


def apply(
    live: Object | None,
    applied: Object,
    *,
    manager: str,
    force: bool,
    now: str,
    schema: Schema,
    subresource: str = "",
) -> Object:
    """The live object (None: there is none yet) with a manager's configuration applied,
    metadata.managedFields included.

    Fields that this manager applied last time, does not any more and nobody else owns are removed. `now` is
    RFC 3339. Raises Conflicts (unless `force`), and PatchError(400, 500) for a configuration that cannot be
    applied.
    """
    _check_manager(manager)
    check(applied, schema)
    applied = canonical(applied, schema, keep_empty=True)
    entries = {entry.key: entry for entry in _entries(live, schema, now)}
    wanted = _ownable(fieldsets.of_value(applied, schema), applied, subresource)
    me = Entry(manager, APPLY, str(applied.get("apiVersion", "")), subresource, now, wanted)
    others = [entry for entry in entries.values() if entry.key != me.key]
    mine = entries.get(me.key)

    merged = merging.merge(live or {}, applied, schema)
    if mine:
        merged = merging.remove(
            merged, _abandoned(mine.paths, [wanted, *(e.paths for e in others)], schema), schema
        )
    differences = fieldsets.compare(_bare(live or {}), _bare(merged), schema)
    conflicts = [(entry, path) for entry in others for path in sorted(entry.paths & differences.changed)]
    if conflicts and not force:
        allowed = _last_applied_by_kubectl(live or {}, schema) if manager == "kubectl" else set()
        refused = [(entry.title, fieldsets.text(path)) for entry, path in conflicts if path not in allowed]
        if refused:
            raise Conflicts(refused)
    if (
        live is not None
        and mine
        and mine.paths == wanted
        and not (differences.changed or differences.removed)
    ):
        return copied(live)
    others = [entry.owning(entry.paths - differences.changed - differences.removed) for entry in others]
    merged["metadata"] = {**section(merged, "metadata"), "managedFields": write([*others, me])}
    _renew_last_applied(merged, applied, manager)
    return merged


def check(applied: Any, schema: Schema) -> None:
    """PatchError(400, 500) for a configuration that nobody can apply, whatever is there already."""
    if not isinstance(applied, dict) or too_deep(applied):
        raise PatchError(400, "the applied configuration must be an object that is not nested too deeply")
    if section(applied, "metadata").get("managedFields"):
        raise PatchError(400, "metadata.managedFields must be nil")
    if wrong := typed.errors(applied, schema):
        told = f"failed to create typed patch object ({typed.titled(applied)})"
        raise PatchError(500, f"{told}: {typed.listed(wrong)}")


def track(
    old: Object | None,
    new: Object,
    *,
    manager: str,
    operation: str = UPDATE,
    subresource: str = "",
    now: str,
    schema: Schema,
) -> list[dict[str, Any]]:
    """metadata.managedFields after an ordinary write: who changes a field owns it, and nobody else any more.

    `new` may carry managedFields of its own: valid ones are taken over (kubectl migrates to server-side apply
    that way), [{}] forgets all, and none or broken ones leave those of `old`.
    """
    manager = manager or "unknown"
    entries = {entry.key: entry for entry in _told(old, new, subresource)}
    before = _bare(old) if old is not None else skeleton(new, schema)
    differences = fieldsets.compare(before, _bare(new), schema)
    changed = _ownable(differences.changed, new, subresource)
    me = Entry(manager[:MANAGER_LENGTH], operation, str(new.get("apiVersion", "")), subresource, now, changed)
    lost = differences.changed | differences.removed
    result = [entry.owning(entry.paths - lost) for entry in entries.values() if entry.key != me.key]
    mine = entries.get(me.key)
    kept = mine.paths - differences.removed if mine else set()
    return write([*result, me.owning(kept | changed, now if changed or not mine else mine.time)])


def _check_manager(manager: str) -> None:
    why = ""
    if not manager:
        why = "Required value: is required for apply patch"
    elif len(manager) > MANAGER_LENGTH:
        why = f"Too long: may not be more than {MANAGER_LENGTH} bytes"
    elif not manager.isprintable():
        why = f"Invalid value: {manager!r}: should only contain printable characters"
    if why:
        raise PatchError(422, f'PatchOptions.meta.k8s.io "" is invalid: fieldManager: {why}')


def _entries(live: Object | None, schema: Schema, now: str) -> list[Entry]:
    """The live object's managers; an object without any was written before anyone kept count."""
    if live is None:
        return []
    entries = read(section(live, "metadata").get("managedFields"))
    if entries:
        return entries
    paths = _ownable(fieldsets.of_value(_bare(live), schema), live, "")
    return [Entry("before-first-apply", UPDATE, str(live.get("apiVersion", "")), "", now, paths)]


def _told(old: Object | None, new: Object, subresource: str) -> list[Entry]:
    stored = read(section(old, "metadata").get("managedFields"))
    sent = section(new, "metadata").get("managedFields")
    if subresource or not sent:
        return stored
    if sent == [{}]:
        return []
    try:
        return read(sent)
    except PatchError:
        return stored


def _ownable(paths: Paths, obj: Object, subresource: str) -> Paths:
    info = by_kind(str(obj.get("apiVersion")), str(obj.get("kind")))
    return ownable(paths, has_status=info is None or "status" in info.subresources, subresource=subresource)


def _abandoned(last: Paths, owned: list[Paths], schema: Schema) -> Paths:
    """What was applied last time and is nobody's now."""
    kept: Paths = set()
    for paths in owned:
        kept |= fieldsets.with_named(paths, schema)
    return fieldsets.with_named(last, schema) - kept


def _bare(obj: Object) -> Object:
    metadata = {key: value for key, value in section(obj, "metadata").items() if key != "managedFields"}
    return {**obj, "metadata": metadata}


def _last_applied_by_kubectl(live: Object, schema: Schema) -> Paths:
    """What a client-side `kubectl apply` set and nobody changed since: kubectl may take that over unasked."""
    annotations = section(live, "metadata", "annotations")
    try:
        last = json.loads(annotations.get(LAST_APPLIED) or "null")
    except (TypeError, ValueError, RecursionError):
        return set()
    if not isinstance(last, dict) or too_deep(last):
        return set()
    last = canonical(last, schema, keep_empty=True)
    paths = fieldsets.of_value(last, schema)
    differences = fieldsets.compare(last, live, schema)
    return paths - differences.changed - differences.removed


def _renew_last_applied(merged: Object, applied: Object, manager: str) -> None:
    annotations = merged["metadata"].get("annotations")
    if manager == "kubectl" and isinstance(annotations, dict) and LAST_APPLIED in annotations:
        text = json.dumps(applied, sort_keys=True, separators=(",", ":")) + "\n"
        merged["metadata"]["annotations"] = {**annotations, LAST_APPLIED: text}
