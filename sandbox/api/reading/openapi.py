"""Just enough OpenAPI for kubectl to leave validation to the server.

kubectl looks for the fieldValidation parameter of a kind's PATCH operation in the OpenAPI v3 document of its
group. Schemas are not published, so `kubectl explain` has nothing to show. Pure.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Any

from sandbox.api.reading.discovery import VERSION
from sandbox.api.storage.store import encode
from sandbox.api.wire.negotiation import form_of
from sandbox.base.kinds import Catalogue, KindInfo

_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation")


def index(kinds: Catalogue) -> dict[str, Any]:
    """/openapi/v3: where the document of each group and version is."""
    paths = {}
    for info in kinds:
        path = f"apis/{info.api_version}" if info.group else f"api/{info.version}"
        digest = sha256(encode(document(path, kinds))).hexdigest()
        paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return {"paths": paths}


def document(path: str, kinds: Catalogue) -> dict[str, Any] | None:
    """/openapi/v3/<path>; None when there is no such group and version."""
    return _document(path, kinds, kinds.changes)


@lru_cache(maxsize=256)
def _document(path: str, kinds: Catalogue, _changes: int) -> dict[str, Any] | None:
    infos = [
        info
        for info in kinds
        if (f"apis/{info.api_version}" if info.group else f"api/{info.version}") == path
    ]
    if not infos:
        return None
    paths: dict[str, Any] = {}
    for info in infos:
        scope = "namespaces/{namespace}/" if info.namespaced else ""
        collection = f"/{path}/{scope}{info.plural}"
        paths[collection] = {"post": _operation(info, "post")}
        if info.stored:
            paths[collection + "/{name}"] = {verb: _operation(info, verb) for verb in ("put", "patch")}
    about = {"title": "Kubernetes", "version": VERSION[2]}
    return {"openapi": "3.0.0", "info": about, "paths": paths, "components": {"schemas": {}}}


def _operation(info: KindInfo, action: str) -> dict[str, Any]:
    names = (*_PARAMETERS, "force") if action == "patch" else _PARAMETERS
    parameters = [
        {
            "name": name,
            "in": "query",
            "schema": {"type": "boolean" if name == "force" else "string", "uniqueItems": True},
        }
        for name in names
    ]
    return {
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {"group": info.group, "version": info.version, "kind": info.kind},
    }


PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"


def version_2(accept: str) -> tuple[bytes, str]:
    """/openapi/v2 as (body, media type): a document without definitions; clients use what they know then.

    kubectl takes it in protobuf only; field 1 of that message is the string "2.0".
    """
    if PROTOBUF in accept:
        return b"\x0a\x032.0", PROTOBUF.replace("@", ".")  # "@" is no media type, which Go clients mind
    form_of(accept)
    info = {"title": "Kubernetes", "version": VERSION[2]}
    return encode({"swagger": "2.0", "info": info, "paths": {}, "definitions": {}}), "application/json"
