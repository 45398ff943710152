"""Merging an applied configuration into a live object by the schema, and taking fields out of one again.

The rules of "Server-Side Apply: Merge strategy" in the Kubernetes documentation.
"""

from __future__ import annotations

from typing import Any

from sandbox.api.patching.fieldsets import Paths, children, element, encode
from sandbox.api.types.schema import Schema, Shape
from sandbox.base.copying import copied


def merge(live: Any, applied: Any, schema: Schema) -> Any:
    """The live value with the applied one laid over it; arguments stay as they are."""
    if isinstance(live, dict) and isinstance(applied, dict) and children(applied, schema) is not None:
        merged = dict(live)
        for key, value in applied.items():
            merged[key] = merge(live.get(key), value, schema.child(key))
        return merged
    if isinstance(live, list) and isinstance(applied, list) and children(applied, schema) is not None:
        return _merge_items(live, applied, schema)
    return copied(applied)


def _merge_items(live: list[Any], applied: list[Any], schema: Schema) -> list[Any]:
    """Items of both in the applied order, those only in the live list where they stood."""
    olds = [(element(item, schema.rule), item) for item in live]
    names = [name for name, _ in olds]
    news = {element(item, schema.rule): item for item in applied}
    # Items that cannot be told apart in the live list are replaced by the one that is applied.
    known = {name: item for name, item in olds if names.count(name) == 1}
    shared = [name for name in news if name in names]
    result: list[Any] = []
    waiting = list(news)
    for name, item in olds:
        if name not in news:
            result.append(item)
            continue
        if not shared or name != shared[0]:
            continue  # its turn comes, or came, in the applied order
        while waiting:
            key = waiting.pop(0)
            result.append(merge(known.get(key), news[key], schema.item))
            if key == name:
                break
        shared.pop(0)
    return result + [merge(known.get(key), news[key], schema.item) for key in waiting]


def remove(value: Any, gone: Paths, schema: Schema) -> Any:
    """A copy without these fields and all that is in them; what is left empty by that goes too."""
    return _remove(value, encode(gone), schema)


def _remove(value: Any, tree: dict[str, Any], schema: Schema) -> Any:
    if isinstance(value, dict):
        inner = {f"f:{key}": (key, child) for key, child in value.items()}
        kept: dict[str, Any] = {}
        for name, (key, child) in inner.items():
            if name not in tree:
                kept[key] = child
            elif not _is_member(tree[name]):
                rest = _remove(child, tree[name], schema.child(key))
                if rest or not child:
                    kept[key] = rest
        return kept
    if isinstance(value, list) and schema.shape is Shape.LIST:
        items = []
        for item in value:
            node = tree.get(element(item, schema.rule) or "")
            if node is None:
                items.append(item)
            elif not _is_member(node):
                items.append(_remove(item, node, schema.item))
        return items
    return value


def _is_member(node: dict[str, Any]) -> bool:
    return not node or "." in node
