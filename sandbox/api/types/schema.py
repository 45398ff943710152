"""The shape of each kind: fields, nested types and how lists merge, from the official client's models.

The client's models know names and types, sandbox.api.types.listtypes how their lists and maps merge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any

from sandbox.api.types import listtypes, models


class Shape(StrEnum):
    """What JSON a schema describes. ANY is whatever comes: merged by structure, lists replaced whole."""

    OBJECT = "object"  # named fields, each with a schema of its own
    MAP = "map"  # free keys, one schema for all values
    LIST = "list"
    SCALAR = "scalar"
    ANY = "any"


@dataclass(frozen=True)
class Schema:
    """One type of the API.

    `name` is the client's model ("V1PodSpec") of an OBJECT, and of a SCALAR one of str, int, float, bool,
    bytes (base64), datetime (RFC 3339), int-or-string, quantity. `element` describes the values of a MAP and
    the items of a LIST. `rule` says how a LIST merges. `atomic` OBJECTs and MAPs are owned and replaced whole
    by server-side apply; `replaced` and `retain` are a strategic merge patch's strategies replace and
    retainKeys. `own` are the fields of a custom kind's OBJECT, which has no model; an `open` one may have
    others.
    """

    shape: Shape
    name: str = ""
    element: Schema | None = None
    rule: listtypes.ListRule = field(default_factory=listtypes.ListRule)
    atomic: bool = False
    replaced: bool = False
    retain: bool = False
    own: Mapping[str, Schema] | None = None
    open: bool = False

    @property
    def fields(self) -> Mapping[str, Schema]:
        """Field name as JSON spells it -> its schema; empty unless this is an OBJECT."""
        if self.own is not None:
            return self.own
        return _fields(self.name) if self.shape is Shape.OBJECT else {}

    @property
    def known(self) -> bool:
        """False for a kind that is served without a schema, such as ServiceMonitor."""
        return self.shape is not Shape.ANY and self.name != UNTYPED

    def child(self, key: str) -> Schema:
        """The schema of a field or of a map's value; ANY where nothing is known about it."""
        if self.shape is Shape.OBJECT:
            return self.fields.get(key, ANY)
        return self.element or ANY

    def names(self, key: str) -> bool:
        """Whether `key` is a field of a structure (ANY counts as one), not one of a map's free keys."""
        return not self.known or self.open or key in self.fields

    @property
    def closed(self) -> bool:
        """Whether a structure has no fields but those that it names."""
        return self.known and not self.open

    @property
    def item(self) -> Schema:
        """The schema of a LIST's items."""
        return self.element or ANY


ANY = Schema(Shape.ANY)
UNTYPED = "-"
_SCALARS = frozenset(("str", "int", "float", "bool", "bytes", "datetime", "int-or-string", "quantity"))
# Kinds whose model's name is not the version followed by the kind.
_MODELS = {
    ("v1", "Event"): "CoreV1Event",
    ("authentication.k8s.io/v1", "TokenRequest"): "AuthenticationV1TokenRequest",
}
# Groups whose kinds have models; V1ServiceMonitor would otherwise be looked up in vain, or hit another
# group's kind.
_GROUPS = frozenset(
    (
        "",
        "apiextensions.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "meta.k8s.io",
        "networking.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    )
)


@lru_cache(maxsize=1024)
def type_of(api_version: str, kind: str) -> Schema:
    """The schema of a kind. One without a model (a custom resource) is ANY but for its metadata."""
    group, _, version = api_version.rpartition("/")
    model = _MODELS.get((api_version, kind), f"{version.capitalize()}{kind}")
    if group in _GROUPS and models.fields(model) is not None:
        return Schema(Shape.OBJECT, model)
    return Schema(Shape.OBJECT, UNTYPED)


def of(obj: Mapping[str, Any]) -> Schema:
    """The schema of an object, by its own apiVersion and kind."""
    return type_of(str(obj.get("apiVersion", "")), str(obj.get("kind", "")))


@cache
def _fields(model: str) -> Mapping[str, Schema]:
    if model == UNTYPED:
        plain = Schema(Shape.SCALAR, "str")
        return {"apiVersion": plain, "kind": plain, "metadata": Schema(Shape.OBJECT, "V1ObjectMeta")}
    found = models.fields(model) or {}
    return {name: _field(model, name, spelled) for name, spelled in found.items()}


def _field(model: str, name: str, spelled: str) -> Schema:
    place = (model, name)
    if place in listtypes.INT_OR_STRING:
        spelled = "int-or-string"
    elif place in listtypes.QUANTITIES:
        spelled = spelled.replace("str", "quantity") if spelled == "str" else "Dict[str, quantity]"
    made = _type(spelled)
    return Schema(
        made.shape,
        made.name,
        made.element,
        listtypes.LISTS.get(model, {}).get(name, made.rule),
        (made.atomic or place in listtypes.ATOMIC_FIELDS) and place not in listtypes.GRANULAR_FIELDS,
        place in listtypes.REPLACED_FIELDS,
        place in listtypes.RETAIN_KEYS_FIELDS,
    )


@cache
def _type(spelled: str) -> Schema:
    """The client's spelling: List[V1Container], Dict[str, bytes], V1PodSpec, int, object."""
    outer, _, inner = spelled.removesuffix("]").partition("[")
    if outer in ("List", "list"):
        return Schema(Shape.LIST, element=_type(inner))
    if outer in ("Dict", "dict"):
        return Schema(Shape.MAP, element=_type(inner.partition(", ")[2]))
    if spelled in _SCALARS:
        return Schema(Shape.SCALAR, spelled)
    if models.fields(spelled) is not None:
        return Schema(Shape.OBJECT, spelled, atomic=spelled in listtypes.ATOMIC_TYPES)
    return ANY
