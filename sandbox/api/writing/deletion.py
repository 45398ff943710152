"""Deleting: preconditions, grace periods, finalizers and propagation.

Source: registry/generic/registry/store.go of k8s.io/apiserver, and the pods' strategy.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.api.storage.bootstrap import NAMESPACES
from sandbox.api.storage.store import Entry, Object, Store
from sandbox.api.wire.status import bad_request, conflict, forbidden, invalid
from sandbox.api.writing.decoding import dry_run
from sandbox.api.writing.updates import other_uid
from sandbox.api.writing.writes import timestamp
from sandbox.base.kinds import KindInfo

_FINALIZERS = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}
# Their dependents have always been kept unless the client says otherwise.
_ORPHANING = {("batch", "Job"), ("", "ReplicationController")}
_DEFAULT_GRACE = 30


@dataclass(frozen=True)
class DeleteOptions:
    """`grace` in seconds, None for the object's own; `propagation` Background, Foreground, Orphan or None."""

    grace: int | None = None
    propagation: str | None = None
    uid: str | None = None
    version: str | None = None
    dry_run: bool = False

    @classmethod
    def read(cls, body: Any, query: Mapping[str, str]) -> DeleteOptions:
        """From a DeleteOptions body (its fields win) and the query. 400 and 422 for what makes no sense."""
        if body is not None and not isinstance(body, dict):
            raise bad_request("the body of a delete must be DeleteOptions")
        options: dict[str, Any] = {
            **query,
            **{key: value for key, value in (body or {}).items() if value is not None},
        }
        grace = options.get("gracePeriodSeconds")
        try:
            grace = None if grace in (None, "") else int(grace)
        except (TypeError, ValueError):
            raise bad_request(f'gracePeriodSeconds: "{grace}" is not a number of seconds') from None
        propagation = options.get("propagationPolicy") or None
        if propagation not in (None, "Background", "Foreground", "Orphan"):
            values = '"Foreground", "Background", "Orphan", "nil"'
            message = f'Unsupported value: "{propagation}": supported values: {values}'
            causes = [("propagationPolicy", "FieldValueNotSupported", message)]
            raise invalid("DeleteOptions", "meta.k8s.io", "", causes)
        orphan = str(options.get("orphanDependents", "")).lower()
        if propagation is None and orphan in ("true", "false"):
            propagation = "Orphan" if orphan == "true" else "Background"
        preconditions = options.get("preconditions") or {}
        if not isinstance(preconditions, dict):
            raise bad_request("preconditions must be an object")
        runs = options.get("dryRun") or ()
        dry = dry_run([runs] if isinstance(runs, str) else runs, "DeleteOptions")
        uid, version = preconditions.get("uid"), preconditions.get("resourceVersion")
        return cls(None if grace is None else max(grace, 0), propagation, uid, version, dry)


def delete(store: Store, entry: Entry, options: DeleteOptions) -> tuple[Object, bool]:
    """Deletes or marks as being deleted; returns the object's last state and whether it is gone.

    409 when a precondition does not hold, 403 for a namespace that every cluster has.
    """
    _check(entry, options)
    obj = entry.copy()
    metadata = obj["metadata"]
    grace = _grace(entry, options)
    finalizers = _finalizers(entry, options)
    at_once = grace == 0 and not finalizers and not _namespace_in_use(obj)
    pod = entry.info.native == "Pod"
    if at_once and not pod:
        return (entry.object if options.dry_run else store.remove(entry).object), True
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)
    before = metadata.get("deletionGracePeriodSeconds")
    if "deletionTimestamp" not in metadata or (before is not None and grace < before):
        metadata["deletionTimestamp"] = timestamp(time.time() + grace)
        metadata["deletionGracePeriodSeconds"] = grace
        if before is None and "generation" in metadata:
            metadata["generation"] += 1
    if _is_namespace(obj):
        metadata.pop("deletionGracePeriodSeconds", None)
        obj["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}
    changed = obj != entry.object
    if options.dry_run or not (changed or at_once):
        return obj, at_once
    marked = store.put(entry.info, obj) if changed else entry
    # A pod that need not wait is marked first all the same: its last state says that it was told to go.
    return (store.remove(marked).object, True) if at_once else (marked.object, False)


def _check(entry: Entry, options: DeleteOptions) -> None:
    info, name, uid = entry.info, entry.name, entry.object["metadata"]["uid"]
    if options.uid and options.uid != uid:
        raise conflict(info, name, other_uid(entry, options.uid))
    if options.version and options.version != str(entry.version):
        told = f"ResourceVersion in precondition: {options.version}"
        why = f"Precondition failed: {told}, ResourceVersion in object meta: {entry.version}"
        raise conflict(info, name, why)
    if info.native == "Namespace" and name in NAMESPACES:
        raise forbidden(info, name, "this namespace may not be deleted")


def _grace(entry: Entry, options: DeleteOptions) -> int:
    """Only pods that a node has taken and not finished get time; a second delete can only shorten it."""
    if entry.info.native != "Pod":
        return 0
    pod = entry.object
    spec, metadata = pod["spec"], pod["metadata"]
    if not spec.get("nodeName") or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    if options.grace is not None:
        grace = options.grace
    else:
        grace = int(spec.get("terminationGracePeriodSeconds", _DEFAULT_GRACE))
    before = metadata.get("deletionGracePeriodSeconds")
    return grace if before is None else min(grace, int(before))


def _finalizers(entry: Entry, options: DeleteOptions) -> list[str]:
    """Those of the object, with the garbage collector's according to the propagation policy."""
    policy = options.propagation
    own = list(entry.object["metadata"].get("finalizers") or ())
    if policy is None:
        kept = [name for name in own if name in _FINALIZERS.values()]
        if kept or not orphans_by_default(entry.info):
            return own
        policy = "Orphan"
    others = [name for name in own if name not in _FINALIZERS.values()]
    return [*others, _FINALIZERS[policy]] if policy in _FINALIZERS else others


def orphans_by_default(info: KindInfo) -> bool:
    """Whether dependents are kept when the client does not say."""
    return (info.group, info.native) in _ORPHANING


def _namespace_in_use(obj: Object) -> bool:
    """A namespace goes by its own finalizers, which the namespace controller takes away when it is empty."""
    return _is_namespace(obj) and bool((obj.get("spec") or {}).get("finalizers"))


def _is_namespace(obj: Object) -> bool:
    return (obj["apiVersion"], obj["kind"]) == ("v1", "Namespace")
