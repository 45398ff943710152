"""What a namespace holds already, as far as the credential may see it: the reading half of the preflight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from toolkit.base.outcome import Kind, Misused
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.preflight.saying import refusals
from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.objects.fields import objects, text
from toolkit.objects.resources import BUILT_IN, Key, built_in, group_of

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


def there(
    connection: Connection, key: Key, say: Callable[[str], None] = lambda _: None
) -> Mapping[Key, Json | None]:
    """What `gathering.unmet` wants to know about one object; empty when it may not be read.

    A StorageClass that is only the mark of volumes made by hand counts as there.
    """
    try:
        path = _path(connection, key)
        live = connection.find(path) if path else None
        if live is None and key.kind == "StorageClass" and _is_mark(connection, key.name):
            live = {}
    except ApiError as error:
        if not refusals.is_permission(error):
            raise
        say(f"{key.shown}: may not be read, so whether it is there could not be asked")
        return {}
    return {key: live if live is None else {**live, "kind": key.kind}}


def _path(connection: Connection, key: Key) -> str:
    """Where an object is, in the version of its group that the cluster prefers; "" when it serves no such
    kind."""
    for (version, kind), resource in BUILT_IN.items():
        if (group_of(version), kind) == (key.group, key.kind):
            return resource.path(key.namespace or None, key.name)
    try:
        group = connection.json("GET", f"/apis/{key.group}", doing=f"looking for the kind {key.kind}")
        version = text(group, "preferredVersion", "groupVersion")
        return connection.resource(version, key.kind).path(key.namespace or None, key.name)
    except Misused:
        return ""
    except ApiError as error:
        if error.status != 404:
            raise
        return ""


def _is_mark(connection: Connection, name: str) -> bool:
    volumes = connection.list(built_in("PersistentVolume").path())
    return any(text(each, "spec", "storageClassName") == name for each in objects(volumes, "items"))
