"""Create, update and patch: from a request's body to the stored object, the same way for every kind.

Order, as upstream: decode, server-owned fields, defaults, admission, validation, managed fields, commit.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.api.admission.chain import Admission
from sandbox.api.defaults import strategies
from sandbox.api.patching import apply
from sandbox.api.patching.typed import titled
from sandbox.api.storage.store import Entry, Object, Store, encode
from sandbox.api.types.customs import schema_of
from sandbox.api.types.errors import PatchError
from sandbox.api.validation import customs, unrun
from sandbox.api.validation.objects import type_error, validate
from sandbox.api.wire.status import already_exists, bad_request, failed, invalid, not_found
from sandbox.api.writing import updates
from sandbox.api.writing.decoding import applied_type, typed
from sandbox.base.kinds import KindInfo

_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
_UNTRACKED = ("Event", "Lease")


@dataclass(frozen=True)
class Options:
    """The query parameters of a write. `manager` is who owns the fields it sets; `guard` is asked, with the
    new object and the old one, whether who writes may write just this, and raises their refusal."""

    manager: str
    dry_run: bool = False
    field_validation: str = "Warn"
    force: bool | None = None
    guard: Callable[[KindInfo, str, Object, Object | None], None] | None = None

    def check(self, info: KindInfo, namespace: str, new: Object, old: Object | None = None) -> None:
        """Ask the guard."""
        if self.guard is not None:
            self.guard(info, namespace, new, old)


@dataclass(frozen=True)
class Written:
    """What a write answers: the object, whether it is new, and what the client should be warned of."""

    object: Object
    data: bytes
    created: bool
    warnings: list[str] = field(default_factory=list)


def timestamp(seconds: float | None = None) -> str:
    """RFC 3339 in UTC, to the second, as metav1.Time."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Registry:
    """Writes objects into the store by the rules of the API."""

    def __init__(self, store: Store, admission: Admission) -> None:
        self._store = store
        self.admission = admission

    def create(self, info: KindInfo, namespace: str, body: Any, options: Options) -> Written:
        """POST. 404 for the namespace, 409 when it exists, 400 and 422 when wrong, 403 by admission."""
        obj, warnings = typed(info, namespace, body, options.field_validation)
        metadata = obj["metadata"]
        if metadata.get("resourceVersion"):
            raise bad_request("resourceVersion should not be set on objects to be created")
        self.admission.namespace(info, namespace, metadata.get("name", ""))
        options.check(info, namespace, obj)
        self._name(info, namespace, obj)
        metadata.pop("managedFields", None)
        new = self._new(info, namespace, obj, options)
        return self._commit(info, new, None, options, warnings)

    def update(
        self, info: KindInfo, namespace: str, name: str, body: Any, options: Options, subresource: str = ""
    ) -> Written:
        """PUT. 404 when it is not there, 409 when resourceVersion or uid is not the stored one's."""
        live = self.live(info, namespace, name)
        obj, warnings = typed(info, namespace, updates.written(body, subresource), options.field_validation)
        updates.check_name(obj, name)
        return self._replace(live, obj, options, subresource, warnings)

    def patch(
        self,
        info: KindInfo,
        namespace: str,
        name: str,
        change: Callable[[Object], Any],
        options: Options,
        subresource: str = "",
    ) -> Written:
        """PATCH other than apply: `change` makes the new object of a copy of the stored one."""
        live = self.live(info, namespace, name)
        changed = updates.written(change(live.copy()), subresource)
        obj, warnings = typed(info, namespace, changed, options.field_validation)
        if obj["metadata"].get("name") != name:
            raise invalid(
                info.kind, info.group, name, [updates.immutable("metadata.name", obj["metadata"].get("name"))]
            )
        return self._replace(live, obj, options, subresource, warnings, patched=True)

    def apply(
        self, info: KindInfo, namespace: str, name: str, body: Any, options: Options, subresource: str = ""
    ) -> Written:
        """PATCH application/apply-patch+yaml: creates or merges. 409 when somebody else owns a field."""
        self._check_applied(info, body)
        applied, warnings = typed(info, namespace, body, options.field_validation)
        updates.check_name(applied, name)
        live = self._store.get(info, namespace, name)
        if live is None:
            if subresource or applied["metadata"].get("uid"):
                raise not_found(info, name)
            self.admission.namespace(info, namespace, name)
        else:
            updates.check_preconditions(live, applied["metadata"], patched=True)
        merged = self._merge(info, live, applied, options, subresource)
        if live is None:
            options.check(info, namespace, merged)
        if live is not None:
            return self._replace(live, merged, options, subresource, warnings, tracked=True, patched=True)
        new = self._new(info, namespace, merged, None)
        return self._commit(info, new, None, options, warnings)

    def _check_applied(self, info: KindInfo, body: Any) -> None:
        """400 for what is no object of the kind, 500 for one that does not have its types and fields."""
        told = applied_type(body)
        if told != (info.api_version, info.kind):
            raise bad_request(f"invalid object type: {told[0] or '/'}, Kind={told[1]}")
        try:
            apply.check(body, schema_of(info))
        except PatchError as error:
            raise updates.patch_refused(error) from None
        if why := type_error(body):
            what = f"failed to convert new object ({titled(body)}) to proper version"
            into = f"unable to convert unstructured object to {info.api_version}, Kind={info.kind}"
            raise failed(f"{what}: {into}: {why}")

    def live(self, info: KindInfo, namespace: str, name: str) -> Entry:
        """The stored object, or 404."""
        entry = self._store.get(info, namespace, name)
        if entry is None:
            raise not_found(info, name)
        return entry

    def _name(self, info: KindInfo, namespace: str, obj: Object) -> None:
        metadata = obj["metadata"]
        prefix = metadata.get("generateName")
        if not metadata.get("name"):
            if not prefix:
                cause = (
                    "metadata.name",
                    "FieldValueRequired",
                    "Required value: name or generateName is required",
                )
                raise invalid(info.kind, info.group, "", [cause])
            while not metadata.get("name") or self._store.get(info, namespace, metadata["name"]):
                metadata["name"] = f"{prefix[:58]}{''.join(secrets.choice(_SUFFIX) for _ in range(5))}"
        elif self._store.get(info, namespace, metadata["name"]):
            raise already_exists(info, metadata["name"])

    def _new(self, info: KindInfo, namespace: str, obj: Object, options: Options | None) -> Object:
        """Completes and checks a new object. Its fields are its creator's (unless `options` is None: they are
        tracked already), but not what the cluster adds."""
        managed = obj["metadata"].pop("managedFields", [])
        if info.namespaced:
            obj["metadata"]["namespace"] = namespace
        strategies.prepare_create(info, obj, uid=str(uuid.uuid4()), now=timestamp())
        new = updates.completed(info, obj)
        if options is not None and info.native not in _UNTRACKED:
            managed = self._track(info, None, new, options, "")
        if info.native == "Job":
            strategies.select_own_pods(new)
            new = updates.completed(info, new)
        self.admission.complete(info, new, int(time.time()))
        self._validate(info, new, None)
        self.admission.check(info, new)
        if managed:
            new["metadata"]["managedFields"] = managed
        return new

    def _replace(
        self,
        live: Entry,
        obj: Object,
        options: Options,
        subresource: str,
        warnings: list[str],
        tracked: bool = False,
        patched: bool = False,
    ) -> Written:
        info, old = live.info, live.object
        updates.check_preconditions(live, obj["metadata"], patched=patched)
        options.check(info, live.namespace, obj, old)
        managed = obj["metadata"].pop("managedFields", None)
        new = updates.completed(info, strategies.prepare_update(info, obj, old, subresource))
        if strategies.changed_generation(info, new, old):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        strategies.count_templates(info, new, old)
        self._validate(info, new, old)
        if not tracked and not managed:
            managed = old["metadata"].get("managedFields")
        if managed:
            new["metadata"]["managedFields"] = managed
        if updates.same(new, old):
            return Written(live.object, live.data, False, warnings)
        if not tracked and info.native not in _UNTRACKED:
            new["metadata"]["managedFields"] = self._track(info, old, new, options, subresource)
        return self._commit(info, new, live, options, warnings)

    def _validate(self, info: KindInfo, new: Object, old: Object | None) -> None:
        causes = validate(new, old)
        if info.definition is not None:
            causes += customs.check(new, info.definition)
        if causes:
            rows = [(cause.field, cause.reason, cause.message) for cause in causes]
            raise invalid(info.kind, info.group, new["metadata"].get("name", ""), rows)

    def _track(
        self, info: KindInfo, old: Object | None, new: Object, options: Options, subresource: str
    ) -> list[Any]:
        return apply.track(
            old,
            new,
            manager=options.manager,
            operation="Update",
            subresource=subresource,
            now=timestamp(),
            schema=schema_of(info),
        )

    def _merge(
        self, info: KindInfo, live: Entry | None, applied: Object, options: Options, subresource: str
    ) -> Object:
        try:
            return apply.apply(
                live.copy() if live else None,
                applied,
                manager=options.manager,
                force=bool(options.force),
                now=timestamp(),
                schema=schema_of(info),
                subresource=subresource,
            )
        except PatchError as error:
            raise updates.patch_refused(error) from None
        except apply.Conflicts as error:
            raise updates.apply_conflict(error) from None

    def _commit(
        self, info: KindInfo, new: Object, live: Entry | None, options: Options, warnings: list[str]
    ) -> Written:
        if live is None and (info.group, info.kind) == ("", "Pod"):
            warnings = [*warnings, *unrun.warnings(new)]
        if options.dry_run:
            if live is None:
                new["metadata"].pop("resourceVersion", None)
            return Written(new, encode(new), live is None, warnings)
        if live and updates.finished(new):
            # Who watches sees it go as it was kept; this last change is its writer's only.
            self._store.remove(live)
            new["metadata"]["resourceVersion"] = str(live.version)
            return Written(new, encode(new), False, warnings)
        entry = self._store.put(info, new)
        return Written(entry.object, entry.data, live is None, warnings)
