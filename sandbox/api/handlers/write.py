"""create, update and patch, of an object and of its status."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.api.calls.call import Call, answer
from sandbox.api.patching import patches
from sandbox.api.storage.store import Object
from sandbox.api.types import schema
from sandbox.api.types.errors import PatchError
from sandbox.api.wire.status import invalid, method_not_allowed, unsupported_media_type
from sandbox.api.writing.updates import patch_refused
from sandbox.api.writing.writes import Written
from sandbox.base.kinds import KindInfo

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
_PATCHES = (JSON_PATCH, MERGE, STRATEGIC, APPLY)
# A namespace's own account is made a moment after the namespace: so often, and so many seconds apart, it is
# looked for before a pod is refused (plugin/pkg/admission/serviceaccount).
_ATTEMPTS, _PAUSE = 10, 0.1


async def create(call: Call) -> web.StreamResponse:
    """POST to a collection."""
    target = call.target
    if target.name or (target.info.namespaced and not target.namespace):
        raise method_not_allowed("the server does not allow this method on the requested resource")
    body = await call.object()
    await _account(call, body)
    written = call.cluster.registry.create(target.info, target.namespace, body, call.options())
    return _answer(call, written)


async def _account(call: Call, body: Any) -> None:
    """Wait a moment for the account of a pod in a namespace that was made just now."""
    if call.target.info.native == "Pod" and not call.target.subresource:
        for _ in range(_ATTEMPTS - 1):
            if not call.cluster.registry.admission.lacks_account(call.target.namespace, body):
                return
            await asyncio.sleep(_PAUSE)


async def update(call: Call) -> web.StreamResponse:
    """PUT an object or its status."""
    target = call.target
    if not target.name:
        raise method_not_allowed("the server does not allow this method on the requested resource")
    body = await call.object()
    registry = call.cluster.registry
    written = registry.update(
        target.info, target.namespace, target.name, body, call.options(), target.subresource
    )
    return _answer(call, written)


async def patch(call: Call) -> web.StreamResponse:
    """PATCH an object or its status, in any of the four formats."""
    target, options = call.target, call.options()
    if not target.name:
        raise method_not_allowed("the server does not allow this method on the requested resource")
    kind = call.request.headers.get("Content-Type", "").split(";")[0].strip()
    body = await call.body(_PATCHES)
    where = (target.info, target.namespace, target.name)
    if kind == APPLY:
        if not call.query.get("fieldManager"):
            message = "Required value: is required for apply patch"
            raise invalid(
                "PatchOptions", "meta.k8s.io", "", [("fieldManager", "FieldValueRequired", message)]
            )
        body = call.view.inward(body) if call.view else body
        await _account(call, body)
        return _answer(call, call.cluster.registry.apply(*where, body, options, target.subresource))
    if options.force is not None:
        message = "Forbidden: may not be specified for non-apply patch"
        raise invalid("PatchOptions", "meta.k8s.io", "", [("force", "FieldValueForbidden", message)])
    if kind == STRATEGIC and target.info.definition is not None:
        raise unsupported_media_type([one for one in _PATCHES if one != STRATEGIC])
    described = call.view.served if call.view else target.info
    change = patch_function(kind, body, described.api_version, described.kind)
    change = call.view.changing(change) if call.view else change
    return _answer(call, call.cluster.registry.patch(*where, change, options, target.subresource))


def patch_function(kind: str, body: Any, api_version: str, object_kind: str) -> Callable[[Object], Object]:
    """What a patch does to an object; raises the Status of a patch that does not fit."""

    def change(obj: Object) -> Object:
        try:
            if kind == JSON_PATCH:
                return patches.json_patch(obj, body)
            if kind == MERGE:
                return patches.merge_patch(obj, body)
            return patches.strategic_patch(schema.type_of(api_version, object_kind), obj, body)
        except PatchError as error:
            raise patch_refused(error) from None

    return change


def kept_only(info: KindInfo) -> list[str]:
    """What every write of a kind that nothing acts on is told; clients know such a kind by it."""
    return [] if info.controller else [f"sandbox: {info.kind} is kept, nothing acts on it"]


def _answer(call: Call, written: Written) -> web.Response:
    told = [] if call.target.subresource else kept_only(call.target.info)
    return answer(written.data, 201 if written.created else 200, [*written.warnings, *told])
