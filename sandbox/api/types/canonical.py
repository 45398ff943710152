"""Objects as the API server would spell them after reading them: no nulls, no empty lists and maps,
quantities shortened.

kube-apiserver decodes into typed structures and writes those out again; this does the same to JSON. Kinds
without a schema keep what they were sent, apart from their metadata.
"""

from __future__ import annotations

from typing import Any

from sandbox.api.types.schema import Schema, Shape
from sandbox.base.quantity import parse, show

# Lists that are written even when empty: their fields are not `omitempty`.
_KEPT_EMPTY = frozenset(
    (
        ("V1ClusterRole", "rules"),
        ("V1EndpointSlice", "endpoints"),
        ("V1EndpointSlice", "ports"),
        ("V1PodSpec", "containers"),
        ("V1PolicyRule", "verbs"),
        ("V1Role", "rules"),
    )
)


def canonical(value: Any, schema: Schema, *, keep_empty: bool = False) -> Any:
    """A copy in the server's spelling. Values of the wrong type stay as they are: validation names them.

    `keep_empty` keeps empty lists and maps: what an applied configuration sets to nothing, it still sets.
    """
    if isinstance(value, dict) and schema.shape in (Shape.OBJECT, Shape.MAP):
        kept: dict[str, Any] = {}
        for key, inner in value.items():
            child = schema.child(key)
            if inner is None and child.shape is not Shape.ANY:
                if schema.shape is Shape.MAP:
                    kept[key] = _zero(child)
                continue
            inner = canonical(inner, child, keep_empty=keep_empty)
            empty = not inner and child.shape in (Shape.LIST, Shape.MAP) and isinstance(inner, list | dict)
            if not empty or keep_empty or schema.shape is Shape.MAP or (schema.name, key) in _KEPT_EMPTY:
                kept[key] = inner
        return kept
    if isinstance(value, list) and schema.shape is Shape.LIST:
        return [
            _zero(schema.item) if item is None else canonical(item, schema.item, keep_empty=keep_empty)
            for item in value
        ]
    if schema.name == "quantity":
        return quantity(value)
    if isinstance(value, dict):
        return {key: canonical(inner, schema) for key, inner in value.items()}
    return [canonical(item, schema) for item in value] if isinstance(value, list) else value


def _zero(schema: Schema) -> Any:
    """What a null in a list or a map is to a decoder into typed structures: the type's zero value."""
    zeros: dict[str, Any] = {"int": 0, "float": 0, "bool": False, "int-or-string": 0, "quantity": "0"}
    empty: dict[Shape, Any] = {Shape.OBJECT: {}, Shape.MAP: {}, Shape.LIST: [], Shape.ANY: None}
    return zeros.get(schema.name, "") if schema.shape is Shape.SCALAR else empty[schema.shape]


def quantity(value: Any) -> Any:
    """A quantity's canonical spelling: 0.5 -> "500m", "1024Mi" -> "1Gi". What is none is left alone."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    text = str(value)
    if text[-1:].isdigit() and "e" in text.lower():
        return text  # a decimal exponent stays one
    try:
        return show(parse(text), like=text)
    except (ValueError, OverflowError):
        return value
