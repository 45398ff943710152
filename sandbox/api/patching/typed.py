"""Whether an applied configuration has the types and fields of its kind: it is refused where it has others.

Unlike other writes, whatever `fieldValidation` says: merging needs to know how each field merges. The words,
and how much is said at once, are those of sigs.k8s.io/structured-merge-diff (typed/validate.go): of an object
nothing more is looked at after a field that it does not have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.api.patching import fieldsets
from sandbox.api.patching.fieldsets import Path
from sandbox.api.types.listtypes import ATOMIC, MAP, ListRule
from sandbox.api.types.schema import Schema, Shape

_UNTYPED = frozenset(("int-or-string", "quantity", "datetime"))


def errors(applied: Any, schema: Schema) -> list[str]:
    """What is wrong, as the server says it: `.spec.replicaz: field not declared in schema`."""
    return [f"{fieldsets.text(path)}: {why}" for path, why in _walk((), applied, schema)]


def titled(applied: Mapping[str, Any]) -> str:
    """The object as the server names it: `default/web; apps/v1, Kind=Deployment`, as far as it says so."""
    metadata = applied.get("metadata")
    known = metadata if isinstance(metadata, dict) else {}
    version, kind = applied.get("apiVersion", ""), applied.get("kind", "")
    where = f"{known.get('namespace') or ''}/{known.get('name') or ''}"
    return f"{where}; {version if '/' in version else f'/{version}'}, Kind={kind}"


def listed(found: list[str]) -> str:
    """One error alone, several below each other."""
    return found[0] if len(found) == 1 else "\n  ".join(["errors:", *found])


def _walk(path: Path, value: Any, schema: Schema) -> Iterator[tuple[Path, str]]:
    if value is None or schema.shape is Shape.ANY:
        return
    if schema.shape is Shape.LIST:
        if isinstance(value, list):
            yield from _items(path, value, schema)
        else:
            yield path, f"expected list, got {_brief(value)}"
    elif schema.shape is Shape.SCALAR:
        if why := _scalar(value, schema.name):
            yield path, why
    elif not isinstance(value, dict):
        yield path, f"expected map, got {_brief(value)}"
    else:
        for key, inner in value.items():
            at = (*path, f"f:{key}")
            if schema.shape is Shape.OBJECT and schema.closed and key not in schema.fields:
                yield at, "field not declared in schema"
                return
            yield from _walk(at, inner, schema.child(key))


def _items(path: Path, items: list[Any], schema: Schema) -> Iterator[tuple[Path, str]]:
    seen: set[str] = set()
    for i, item in enumerate(items):
        key = f"i:{i}"
        if schema.rule.kind != ATOMIC:
            named = fieldsets.element(item, schema.rule)
            if named is None:
                yield path, f"element {i}: {_nameless(item, schema.rule)}"
                return
            if named in seen:
                yield path, f"duplicate entries for key {fieldsets.text((named,))}"
            seen.add(named)
            key = named
        yield from _walk((*path, key), item, schema.item)


def _nameless(item: Any, rule: ListRule) -> str:
    if rule.kind != MAP:
        what = "a map type" if isinstance(item, dict) else "an explicit null"
        if isinstance(item, list):
            return "not supported: associative list with lists as elements"
        return f"associative list without keys has an element that's {what}"
    if item is None:
        return "associative list with keys may not have a null element"
    if not isinstance(item, dict):
        return "associative list with keys may not have non-map elements"
    keys = " ".join(f'"{key}"' for key in rule.keys)
    without = "(and doesn't have default values for any key fields)"
    return f"associative list with keys has an element that omits all key fields [{keys}] {without}"


def _scalar(value: Any, kind: str) -> str:
    """ "" when it fits. What the schema calls untyped (a quantity, a time) is judged when it is converted."""
    compound = isinstance(value, dict | list)
    if kind in _UNTYPED:
        return f"expected any scalar, got {_brief(value)}" if compound else ""
    if kind in ("int", "float"):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if number else f"expected numeric (int or float), got {_type(value)}"
    if kind == "bool":
        return "" if isinstance(value, bool) else f"expected boolean, got {_brief(value)}"
    told = f"&value.valueUnstructured{{Value:{_full(value)}}}"
    return "" if isinstance(value, str) else f"expected string, got {told}"


def _type(value: Any) -> str:
    """Go's name for a JSON value's type."""
    if isinstance(value, dict):
        return "map[string]interface {}"
    return "[]interface {}" if isinstance(value, list) else "bool" if isinstance(value, bool) else "string"


def _brief(value: Any) -> str:
    """A value as Go's %v shows one in a pointer to a structure."""
    return f"&{{{_plain(value)}}}"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_plain(inner)}' for key, inner in sorted(value.items()))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_plain, value))}]"
    return "<nil>" if value is None else value if isinstance(value, str) else json.dumps(value)


def _full(value: Any) -> str:
    """A value as Go's %#v shows it."""
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(key)}:{_full(one)}" for key, one in sorted(value.items()))
        return f"map[string]interface {{}}{{{inner}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_full, value))}}}"
    return "interface {}(nil)" if value is None else json.dumps(value, ensure_ascii=False)
