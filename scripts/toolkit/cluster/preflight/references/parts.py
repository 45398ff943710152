"""The parts of an object that others refer to by name: keys of a ConfigMap, ports of a Service. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toolkit.objects.fields import mapping, objects, text

Json = dict[str, Any]

# Written by a controller, into a Secret that says only whose token it is to be.
_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105 - a type
_OF_A_TOKEN = ("ca.crt", "namespace", "token")


def keys_of(obj: Any) -> frozenset[str]:
    """The keys of a Secret or ConfigMap, with those that the cluster will write."""
    keys = frozenset(key for part in ("data", "stringData", "binaryData") for key in mapping(obj, part))
    return keys | frozenset(_OF_A_TOKEN) if text(obj, "type") == _TOKEN else keys


def is_filled(obj: Any) -> bool:
    """Whether something else writes keys into a Secret or ConfigMap that asks for it by an annotation or
    label, as CA injectors have it."""
    marks = {**mapping(obj, "metadata", "annotations"), **mapping(obj, "metadata", "labels")}
    return any("inject" in key for key in marks)


def _ports(obj: Any) -> frozenset[str]:
    if text(obj, "spec", "type") == "ExternalName" and not objects(obj, "spec", "ports"):
        return frozenset()
    return frozenset(
        str(row[field]) for row in objects(obj, "spec", "ports") for field in ("name", "port") if field in row
    )


PARTS: dict[str, tuple[str, Callable[[Any], frozenset[str]]]] = {
    "ConfigMap": ("key", keys_of),
    "Secret": ("key", keys_of),
    "Service": ("port", _ports),
}
"""By kind: what its parts are called, and which an object has."""


def of(obj: Any) -> frozenset[str]:
    """The parts that an object has."""
    row = PARTS.get(text(obj, "kind"))
    return row[1](obj) if row else frozenset()
