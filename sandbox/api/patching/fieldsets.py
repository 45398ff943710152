"""Sets of fields, as metadata.managedFields writes them (FieldsV1): which an object has, which differ between
two.

A path is a tuple of FieldsV1's own spellings: `f:<field>`, `k:{"name":"web"}` for the item of a list with
keys and `v:"value"` for the item of a set. Source: "FieldsV1" in the API reference and "Server-Side Apply" in
the Kubernetes documentation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.api.types.errors import PatchError
from sandbox.api.types.listtypes import ATOMIC, KEY_DEFAULTS, MAP, ListRule
from sandbox.api.types.schema import Schema, Shape
from sandbox.api.types.values import same

Path = tuple[str, ...]
Paths = set[Path]


class _Missing:
    """The value of a field that is not there (None is JSON's null)."""


_MISSING = _Missing()


@dataclass
class Differences:
    """How one object differs from another: `changed` was added or got another value, `removed` is gone."""

    changed: Paths = field(default_factory=set)
    removed: Paths = field(default_factory=set)


def element(item: Any, rule: ListRule) -> str | None:
    """The path element of a list's item, None when the item lacks what would identify it."""
    if rule.kind != MAP:
        return None if isinstance(item, dict | list) else "v:" + _compact(item)
    if not isinstance(item, dict):
        return None
    given = {key: item.get(key, KEY_DEFAULTS.get(key, "") if rule.defaults else None) for key in rule.keys}
    keys = {key: value for key, value in given.items() if value is not None}
    if not keys or any(isinstance(value, dict | list) for value in keys.values()):
        return None
    return "k:" + _compact(keys)


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def children(value: Any, schema: Schema) -> dict[str, tuple[Any, Schema]] | None:
    """Path element -> (value, schema) of what is owned separately inside; None for a value that is owned
    whole.

    A list in which two items cannot be told apart is owned whole.
    """
    if isinstance(value, dict) and schema.shape in (Shape.OBJECT, Shape.MAP, Shape.ANY) and not schema.atomic:
        return {f"f:{key}": (child, schema.child(key)) for key, child in value.items()}
    if isinstance(value, list) and schema.shape is Shape.LIST and schema.rule.kind != ATOMIC:
        items = {element(item, schema.rule): (item, schema.item) for item in value}
        if len(items) == len(value) and None not in items:
            return {key: child for key, child in items.items() if key is not None}
    return None


def of_value(value: Any, schema: Schema) -> Paths:
    """The fields that an object sets: leaves, empty objects and lists, entries of maps and items of lists."""
    found: Paths = set()
    _collect((), value, schema, found)
    return found


def _collect(path: Path, value: Any, schema: Schema, found: Paths) -> None:
    inner = children(value, schema)
    if not inner:
        found.add(path)
        return
    for key, (child, child_schema) in inner.items():
        if key[:2] != "f:" or not schema.names(key[2:]):
            found.add((*path, key))
        _collect((*path, key), child, child_schema, found)


def compare(old: Any, new: Any, schema: Schema) -> Differences:
    """How `new` differs from `old`. A field that appears or goes counts itself and everything in it."""
    differences = Differences()
    _compare((), old, new, schema, differences)
    return differences


def _compare(path: Path, old: Any, new: Any, schema: Schema, out: Differences) -> None:
    before = children(old, schema)
    after = children(new, schema)
    if old is _MISSING:
        out.changed.add(path)
    elif new is _MISSING:
        out.removed.add(path)
    elif (before is None and old is not None) or (after is None and new is not None):
        if not same(old, new):
            out.changed.add(path)
        # A list that can no longer be told apart, or was not: its items are gone as fields of their own.
        before, after = (before, {}) if after is None else ({}, after)
    elif before is None and after is None:
        return
    for key in {**(before or {}), **(after or {})}:
        was, old_schema = (before or {}).get(key, (_MISSING, None))
        now, new_schema = (after or {}).get(key, (_MISSING, None))
        _compare((*path, key), was, now, old_schema or new_schema or schema, out)


def with_named(paths: Iterable[Path], schema: Schema) -> Paths:
    """The paths and each structure's field on the way to them (not entries of maps, not items of lists)."""
    result: Paths = set()
    for path in paths:
        result.add(path)
        inner = schema
        for i, key in enumerate(path):
            if key[:2] == "f:" and inner.names(key[2:]):
                result.add(path[: i + 1])
            inner = inner.child(key[2:]) if key[:2] == "f:" else inner.item
    return result


def encode(paths: Iterable[Path]) -> dict[str, Any]:
    """FieldsV1: a tree of path elements, in which "." says that a node with children is itself in the set."""
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        node = tree
        for key in path:
            node = node.setdefault(key, {})
        node["."] = {}
    return _without_lonely_dots(tree)


def _without_lonely_dots(tree: dict[str, Any]) -> dict[str, Any]:
    if tree.keys() == {"."}:
        return {}
    return {key: _without_lonely_dots(inner) if key != "." else {} for key, inner in tree.items()}


def decode(tree: Any) -> Paths:
    """The set that FieldsV1 writes down. Raises PatchError(400) when it is not FieldsV1."""
    return set(_walk((), tree))


def _walk(path: Path, tree: Any) -> Iterator[Path]:
    if not isinstance(tree, Mapping):
        raise PatchError(400, "metadata.managedFields: fieldsV1 must be objects within objects")
    if path and (not tree or "." in tree):
        yield path
    for key, inner in tree.items():
        if key == ".":
            continue
        if key[:2] not in ("f:", "k:", "v:", "i:"):
            raise PatchError(400, f"metadata.managedFields: {key!r} is not a path element")
        yield from _walk((*path, key), inner)


def text(path: Path) -> str:
    """A path for people: `.spec.template.spec.containers[name="web"].image`."""
    return "".join(_element_text(key) for key in path)


def _element_text(key: str) -> str:
    kind, body = key[:2], key[2:]
    if kind == "f:":
        return f".{body}"
    if kind == "i:":
        return f"[{body}]"
    try:
        value = json.loads(body)
    except ValueError:
        return f"[{body}]"
    if kind == "k:" and isinstance(value, dict):
        return "[" + ",".join(f"{name}={_compact(value[name])}" for name in sorted(value)) + "]"
    return f"[={_compact(value)}]"
