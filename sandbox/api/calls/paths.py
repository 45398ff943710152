"""URL path and method to what is being asked: the API server's RequestInfo. Pure.

Forms: /api/v1/..., /apis/<group>/<version>/..., each followed by
[namespaces/<namespace>/]<plural>[/<name>[/<subresource>[/<rest>]]].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.api.wire.status import StatusError, no_such_path
from sandbox.base.kinds import Catalogue, KindInfo

_VERBS = {
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "GET": "get",
    "HEAD": "get",
    "DELETE": "delete",
}
_BUILT_IN = Catalogue()


@dataclass(frozen=True)
class Target:
    """A resource path: the kind, where, which, and what of it. `rest` follows ".../proxy/"."""

    info: KindInfo
    verb: str
    namespace: str
    name: str
    subresource: str
    rest: str


def group_version(path: str, kinds: Catalogue = _BUILT_IN) -> tuple[str, str, list[str]] | None:
    """("apps", "v1", remaining parts) of a path below /api or /apis; None for any other path or group.

    Raises 404 for a version that a group does not have.
    """
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) >= 2:
        found = ("", parts[1], parts[2:])
    elif parts[0] == "apis" and len(parts) >= 3:
        found = (parts[1], parts[2], parts[3:])
    else:
        return None
    if any((info.group, info.version) == found[:2] for info in kinds):
        return found
    if any(info.group == found[0] for info in kinds):
        raise no_such_path()
    return None


def target(method: str, path: str, query: Mapping[str, str], kinds: Catalogue = _BUILT_IN) -> Target | None:
    """What `path` asks for; None when it is no resource path at all. Raises 404 for an unknown resource."""
    found = group_version(path, kinds)
    if found is None or not found[2]:
        return None
    group, version, parts = found
    namespace = ""
    # .../namespaces/x/pods is about pods; .../namespaces/x and its own subresources are about the namespace.
    if (
        parts[0] == "namespaces"
        and len(parts) >= 3
        and not (group == "" and parts[2] in ("status", "finalize"))
    ):
        namespace, parts = parts[1], parts[2:]
    info = kinds.by_plural(group, version, parts[0])
    if info is None or (namespace and not info.namespaced):
        raise no_such_path()
    name = parts[1] if len(parts) > 1 else ""
    subresource = parts[2] if len(parts) > 2 else ""
    _check(info, namespace, name, subresource, parts)
    verb = _verb(method, name, subresource, query)
    return Target(info, verb, namespace, name, subresource, "/".join(parts[3:]))


def _check(info: KindInfo, namespace: str, name: str, subresource: str, parts: list[str]) -> None:
    if subresource and subresource not in info.subresources:
        raise no_such_path()
    if len(parts) > 3 and subresource != "proxy":
        raise no_such_path()
    if name and info.namespaced and not namespace:
        raise no_such_path()


def _verb(method: str, name: str, subresource: str, query: Mapping[str, str]) -> str:
    if method not in _VERBS:
        raise StatusError(405, "MethodNotAllowed", f"the server does not allow method {method}")
    verb = _VERBS[method]
    if subresource:
        return verb
    if verb == "get" and not name and query.get("watch", "").lower() in ("1", "true"):
        return "watch"
    if not name:
        return {"get": "list", "delete": "deletecollection"}.get(verb, verb)
    return verb
