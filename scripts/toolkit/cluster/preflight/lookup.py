"""What a namespace holds already, as far as the credential may see it: the reading half of the preflight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from toolkit.base.outcome import Kind
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.preflight import refusals
from toolkit.cluster.preflight.problem import Problem
from toolkit.cluster.preflight.references import Found, keys_of
from toolkit.objects.fields import mapping, objects, text
from toolkit.objects.resources import built_in

Json = dict[str, Any]

# Set to "true" on a namespace, as a label or an annotation, it keeps every deployment out.
PROTECTED = "form-builder/protected"


def namespace(connection: Connection, name: str) -> Problem | None:
    """What is wrong with the namespace itself; None too when it may not be read, as is quite usual."""
    try:
        live = connection.find(built_in("Namespace").path(name=name))
    except ApiError as error:
        if not refusals.is_permission(error):
            raise
        return None
    if live is None:
        return missing_namespace(connection, name)
    if text(live, "status", "phase") == "Terminating" or text(live, "metadata", "deletionTimestamp"):
        return Problem(f"Namespace/{name}", "is being deleted", "wait until it is gone, then create it anew")
    for part in ("labels", "annotations"):
        if text(live, "metadata", part, PROTECTED) == "true":
            return barred(name, f"its {part[:-1]} {PROTECTED} says so", f"take the {part[:-1]} off")
    return None


def missing_namespace(connection: Connection, name: str) -> Problem:
    """There is no such namespace: nothing else about it can be asked."""
    remedy = f"create it, or set provision = true in clusters.{connection.cluster.name} of apps.toml"
    return Problem(f"Namespace/{name}", "does not exist", remedy)


def barred(name: str, why: str, remedy: str) -> Problem:
    """Nothing may be deployed to the namespace."""
    return Problem(
        f"Namespace/{name}", f"is protected: {why}", f"deploy elsewhere, or {remedy}", Kind.REFUSED
    )


def listed(connection: Connection, namespace: str, kind: str) -> list[Json] | None:
    """All objects of a built-in kind; None when they may not be read or are not served."""
    try:
        return objects(connection.list(built_in(kind).path(namespace)), "items")
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        return None


def keys(
    connection: Connection, namespace: str, found: Found, say: Callable[[str], None]
) -> Mapping[Found, frozenset[str] | None]:
    """What `references.unmet` wants to know about one object; empty when it may not be read."""
    kind, name = found
    try:
        live = connection.find(built_in(kind).path(namespace, name))
    except ApiError as error:
        if not refusals.is_permission(error):
            raise
        say(f"{kind}/{name}: may not be read, so whether it is there could not be asked")
        return {}
    return {found: None if live is None else keys_of(mapping(live))}
