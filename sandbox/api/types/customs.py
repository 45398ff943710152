"""Custom kinds: what the schema in a CustomResourceDefinition says about the shape of objects.

Source: "Extend the Kubernetes API with CustomResourceDefinitions", the parts on structural schemas, pruning
and defaulting. Expressions (x-kubernetes-validations) are not evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sandbox.api.types import schema
from sandbox.api.types.listtypes import ListRule
from sandbox.api.types.schema import ANY, Schema, Shape
from sandbox.api.types.sections import each, section
from sandbox.base.copying import copied
from sandbox.base.kinds import KindInfo

Object = dict[str, Any]
PRESERVE, INT_OR_STRING = "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string"
EMBEDDED = "x-kubernetes-embedded-resource"
CUSTOM = "custom"
_SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


@dataclass(frozen=True)
class Definition:
    """One version of a custom kind; `version` is its entry in the definition's spec.versions."""

    version: Object = field(repr=False)

    @property
    def root(self) -> Object:
        """The OpenAPI schema of its objects."""
        return section(self.version, "schema", "openAPIV3Schema")

    @property
    def columns(self) -> list[Object]:
        """The additionalPrinterColumns."""
        return each(self.version, "additionalPrinterColumns")

    @cached_property
    def shape(self) -> Schema:
        """The root as apply and pruning understand it."""
        head = schema.type_of("", "").fields
        made = _shape(self.root)
        return Schema(
            Shape.OBJECT, CUSTOM, own={**(made.own or {}), **head}, open=made.own is None or made.open
        )


def schema_of(info: KindInfo) -> Schema:
    """The schema of a kind, built in or custom."""
    if isinstance(info.definition, Definition):
        return info.definition.shape
    return schema.type_of(info.api_version, info.kind)


def _shape(node: Any) -> Schema:
    if not isinstance(node, Mapping) or node.get(INT_OR_STRING) or node.get("nullable"):
        return ANY
    kind, atomic = node.get("type"), node.get("x-kubernetes-map-type") == "atomic"
    if kind == "array":
        keys = tuple(node.get("x-kubernetes-list-map-keys") or ())
        rule = ListRule(node.get("x-kubernetes-list-type") or "atomic", keys)
        return Schema(Shape.LIST, element=_shape(node.get("items")), rule=rule)
    if kind in _SCALARS:
        return Schema(Shape.SCALAR, _SCALARS[kind])
    if kind != "object":
        return ANY
    free, preserved = node.get("additionalProperties"), bool(node.get(PRESERVE))
    if isinstance(free, Mapping):
        return Schema(Shape.MAP, element=_shape(free), atomic=atomic)
    properties = section(node, "properties")
    if not properties and (free or preserved or node.get(EMBEDDED)):
        return Schema(Shape.ANY, atomic=atomic)
    own = {name: _shape(inner) for name, inner in properties.items()}
    if node.get(EMBEDDED):
        own = {**schema.type_of("", "").fields, **own}
    return Schema(Shape.OBJECT, CUSTOM, own=own, open=preserved, atomic=atomic)


def with_defaults(value: Any, node: Any) -> Any:
    """The value with the schema's defaults where it is silent, or null where it may not be."""
    if not isinstance(node, Mapping):
        return value
    if isinstance(value, dict):
        properties = section(node, "properties")
        filled = {}
        for key, inner in value.items():
            described = properties.get(key, node.get("additionalProperties"))
            if inner is None and isinstance(described, Mapping) and not described.get("nullable"):
                continue
            filled[key] = with_defaults(inner, described)
        for key, described in properties.items():
            if key not in filled and isinstance(described, Mapping) and described.get("default") is not None:
                filled[key] = with_defaults(copied(described["default"]), described)
        return filled
    if isinstance(value, list):
        return [with_defaults(item, node.get("items")) for item in value]
    return value
