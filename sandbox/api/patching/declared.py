"""Fields of an applied configuration that its kind does not have: server-side apply takes none of them.

Unlike other writes, whatever `fieldValidation` says: merging needs to know how each field merges.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.api.patching import fieldsets
from sandbox.api.patching.fieldsets import Path
from sandbox.api.types.listtypes import ATOMIC
from sandbox.api.types.schema import Schema, Shape


def undeclared(applied: Any, schema: Schema) -> list[str]:
    """Their paths as the server writes them: `.spec.template.spec.containers[name="web"].imagee`."""
    return sorted(fieldsets.text(path) for path in _walk((), applied, schema))


def _walk(path: Path, value: Any, schema: Schema) -> Iterator[Path]:
    if isinstance(value, list) and schema.shape is Shape.LIST:
        for i, item in enumerate(value):
            key = None if schema.rule.kind == ATOMIC else fieldsets.element(item, schema.rule)
            yield from _walk((*path, key or f"i:{i}"), item, schema.item)
    if not isinstance(value, dict) or schema.shape not in (Shape.OBJECT, Shape.MAP):
        return
    for key, inner in value.items():
        at = (*path, f"f:{key}")
        if schema.shape is Shape.OBJECT and schema.closed and key not in schema.fields:
            yield at
        else:
            yield from _walk(at, inner, schema.child(key))
