"""What an update has to be, compared with the stored object. Pure."""

from __future__ import annotations

from typing import Any

from sandbox.api.defaults.objects import default
from sandbox.api.patching import apply
from sandbox.api.storage.store import Entry, Object
from sandbox.api.types import values
from sandbox.api.types.canonical import canonical
from sandbox.api.types.customs import schema_of, with_defaults
from sandbox.api.types.errors import PatchError
from sandbox.api.wire.status import StatusError, bad_request, conflict, failed, invalid, modified
from sandbox.base.kinds import KindInfo


def completed(info: KindInfo, obj: Object) -> Object:
    """With defaults; a status is never left out, so that clients can look into it unasked."""
    if info.definition is not None:
        kept: Object = canonical(obj, schema_of(info), keep_empty=True)
        filled: Object = with_defaults(kept, info.definition.root)
        return filled
    new = default(obj)
    if "status" in info.subresources:
        new.setdefault("status", {"loadBalancer": {}} if info.kind in ("Service", "Ingress") else {})
    return new


def written(body: Any, subresource: str) -> Any:
    """What of a body counts: through /status nothing but metadata and status."""
    if subresource != "status" or not isinstance(body, dict):
        return body
    return {key: body[key] for key in ("apiVersion", "kind", "metadata", "status") if key in body}


def immutable(field_path: str, value: Any) -> tuple[str, str, str]:
    """The cause of a 422 for a field that cannot change."""
    return (field_path, "FieldValueInvalid", f'Invalid value: "{value}": field is immutable')


def check_name(obj: Object, name: str) -> None:
    """400 for an object that is not the one of the URL, or does not say which it is."""
    told = obj["metadata"].get("name")
    if not told:
        why = "was undeterminable: name must be provided"
        raise bad_request(f"the name of the object ({name} based on URL) {why}")
    if told != name:
        raise bad_request(f"the name of the object ({told}) does not match the name on the URL ({name})")


def check_preconditions(live: Entry, metadata: Object, *, patched: bool) -> None:
    """409 when the metadata that a client sent names another version or uid than the stored object's; a patch
    that brings another uid is one that changes it (422)."""
    uid, version = metadata.get("uid"), metadata.get("resourceVersion")
    stored = live.object["metadata"]["uid"]
    if uid and uid != stored and not patched:
        raise conflict(live.info, live.name, other_uid(live, uid))
    if version and version != str(live.version):
        raise modified(live.info, live.name)
    if uid and uid != stored:
        raise invalid(live.info.kind, live.info.group, live.name, [immutable("metadata.uid", uid)])


def other_uid(live: Entry, uid: str) -> str:
    """Why an object with another uid is not the one that is meant, in the words of etcd3's store."""
    key = "/".join(part for part in (live.info.plural, live.namespace, live.name) if part)
    stored = live.object["metadata"]["uid"]
    told = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {stored}"
    where = f"Code: 4, Key: /registry/{key}, ResourceVersion: 0"
    return f"StorageError: invalid object, {where}, AdditionalErrorMsg: {told}"


def same(new: Object, old: Object) -> bool:
    """Whether a write would change nothing: it is answered without a new resourceVersion then."""
    before, after = ({**obj, "metadata": _bare(obj["metadata"])} for obj in (old, new))
    # Python's comparison is the quick one, and takes 1 for true.
    return before == after and values.same(before, after)


def _bare(metadata: Object) -> Object:
    bare = {key: value for key, value in metadata.items() if key not in ("resourceVersion", "managedFields")}
    managed = metadata.get("managedFields") or ()
    return {**bare, "managedFields": [{**entry, "time": None} for entry in managed]}


def finished(obj: Object) -> bool:
    """Whether the last finalizer of a deleted object has just gone."""
    metadata = obj["metadata"]
    waiting = metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds")
    if "deletionTimestamp" not in metadata or waiting:
        return False
    return (obj["apiVersion"], obj["kind"]) != ("v1", "Namespace") or not (obj.get("spec") or {}).get(
        "finalizers"
    )


def patch_refused(error: PatchError) -> StatusError:
    """The Status of a patch that cannot be applied."""
    if error.status == 400:
        return bad_request(error.message)
    if error.status == 500:
        return failed(error.message)
    reason = "UnsupportedMediaType" if error.status == 415 else "Invalid"
    return StatusError(error.status, reason, error.message)


def apply_conflict(error: apply.Conflicts) -> StatusError:
    """409 with one cause for each field that another manager owns."""
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": path}
        for manager, path in error.conflicts
    ]
    return StatusError(409, "Conflict", str(error), details={"causes": causes})
