"""Strategic merge patches: merge patches that know which lists merge by a key, plus directives as kubectl
sends them.

Rules: "Strategic Merge Patch" in the Kubernetes API conventions. Directives: `$patch: delete|replace|merge`
in an object or a list, `$retainKeys: [...]`, `$setElementOrder/<list>: [...]`,
`$deleteFromPrimitiveList/<list>: [...]`.
"""

from __future__ import annotations

from typing import Any

from sandbox.api.types.errors import PatchError
from sandbox.api.types.schema import Schema
from sandbox.api.types.values import same
from sandbox.base.copying import copied

Object = dict[str, Any]
PATCH, RETAIN = "$patch", "$retainKeys"
ORDER, DELETE = "$setElementOrder/", "$deleteFromPrimitiveList/"


def merge(original: Object, patch: Object, schema: Schema) -> Object:
    """The patched copy of an object. PatchError(400) for a directive that makes no sense."""
    match patch.get(PATCH):
        case None | "merge":
            pass
        case "replace":
            return _plain({key: value for key, value in patch.items() if key != PATCH})
        case "delete":
            return {}
        case other:
            raise PatchError(400, f"unknown patch type found in patch: [{other!r}]")
    result = dict(original)
    _retain(result, patch)
    for key, value in patch.items():
        if key.startswith(DELETE):
            _delete_values(result, key.removeprefix(DELETE), value)
        elif key.startswith("$"):
            continue
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = _merge_value(result.get(key), value, schema.child(key), patch.get(ORDER + key))
    for key, order in patch.items():
        name = key.removeprefix(ORDER)
        if key.startswith(ORDER) and name not in patch and isinstance(result.get(name), list):
            result[name] = _merge_list(result[name], [], schema.child(name), order)
    return result


def _merge_value(old: Any, new: Any, schema: Schema, order: Any) -> Any:
    if isinstance(new, dict):
        # Into an empty object rather than taken as it is, so that directives and nulls inside do not end up
        # in the result.
        if schema.replaced and new.get(PATCH) is None:
            return _plain(new)
        return merge(old if isinstance(old, dict) else {}, new, schema)
    if isinstance(new, list) and schema.rule.merge:
        return _merge_list(old if isinstance(old, list) else [], new, schema, order)
    return _plain(new)


def _plain(value: Any) -> Any:
    """A copy without directives and nulls: what a patch says where there was nothing before."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if v is not None and not k.startswith("$")}
    if isinstance(value, list):
        return [_plain(item) for item in value if not _is_directive(item)]
    return copied(value)


def _is_directive(item: Any) -> bool:
    return isinstance(item, dict) and item.get(PATCH) in ("replace", "delete")


def _retain(result: Object, patch: Object) -> None:
    keys = patch.get(RETAIN)
    if keys is None:
        return
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise PatchError(400, f"{RETAIN} must be a list of field names")
    for key, value in patch.items():
        if not key.startswith("$") and value is not None and key not in keys:
            raise PatchError(400, f"{RETAIN} does not name {key!r}, which the patch sets")
    for key in [key for key in result if key not in keys]:
        del result[key]


def _delete_values(result: Object, name: str, gone: Any) -> None:
    if not isinstance(gone, list):
        raise PatchError(400, f"{DELETE}{name} must be a list")
    if isinstance(result.get(name), list):
        result[name] = [item for item in result[name] if not any(same(item, value) for value in gone)]


def _merge_list(old: list[Any], new: list[Any], schema: Schema, order: Any) -> list[Any]:
    if any(isinstance(item, dict) and item.get(PATCH) == "replace" for item in new):
        return _plain(new)
    key = schema.rule.merge_key
    if order is not None and not isinstance(order, list):
        raise PatchError(400, f"{ORDER}... must be a list")
    merged = _merge_items(old, new, schema, key) if key else _union(old, new)
    # Without an order of its own, a patch's items come in the order in which the patch has them.
    wanted = [item for item in new if not _is_directive(item)] if order is None else order
    return _ordered(old, new, merged, wanted, key)


def _union(old: list[Any], new: list[Any]) -> list[Any]:
    result = list(old)
    for value in new:
        if not any(same(value, known) for known in result):
            result.append(copied(value))
    return result


def _identity(item: Any, key: str) -> Any:
    """What tells this item apart: the value of its merge key, or itself in a list of plain values."""
    if not key:
        return item
    if not isinstance(item, dict) or item.get(key) is None:
        raise PatchError(400, f"map: {item} does not contain declared merge key: {key}")
    return item[key]


def _merge_items(old: list[Any], new: list[Any], schema: Schema, key: str) -> list[Any]:
    result = list(old)
    for item in new:
        identity = _identity(item, key)
        places = [
            i for i, known in enumerate(result) if isinstance(known, dict) and same(known.get(key), identity)
        ]
        if item.get(PATCH) == "delete":
            result = [known for i, known in enumerate(result) if i not in places]
        elif places:
            result[places[0]] = merge(result[places[0]], item, schema.item)
        else:
            result.append(merge({}, item, schema.item))
    return result


def _ordered(old: list[Any], new: list[Any], merged: list[Any], order: list[Any], key: str) -> list[Any]:
    """The patch's items in its order, between them those that only the server has, in its order."""
    wanted = [_identity(item, key) for item in order]
    for item in new:
        if not _is_directive(item) and _place(_identity(item, key), wanted) < 0:
            raise PatchError(400, "the order in patch list doesn't match $setElementOrder list")
    live = [item.get(key) if key and isinstance(item, dict) else item for item in old]
    named: list[tuple[int, int, Any]] = []  # (place in the wanted order, place in the live list or -1, item)
    others: list[tuple[int, Any]] = []
    for item in merged:
        identity = item.get(key) if key and isinstance(item, dict) else item
        place, before = _place(identity, wanted), _place(identity, live)
        if place < 0:
            others.append((before, item))
        else:
            named.append((place, before, item))
    named.sort(key=lambda entry: entry[0])
    result: list[Any] = []
    for _, before, item in named:
        while others and before > others[0][0]:
            result.append(others.pop(0)[1])
        result.append(item)
    return result + [item for _, item in others]


def _place(value: Any, values: list[Any]) -> int:
    return next((i for i, candidate in enumerate(values) if same(candidate, value)), -1)
