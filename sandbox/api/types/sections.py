"""Reading and filling objects that may be malformed: whatever is not what it should be counts as absent."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def section(obj: Any, *keys: str) -> Object:
    """The object at obj[key][key]..., or an empty one that belongs to nobody."""
    for key in keys:
        obj = obj.get(key) if isinstance(obj, dict) else None
    return obj if isinstance(obj, dict) else {}


def each(obj: Any, key: str) -> list[Object]:
    """The objects in the list obj[key]; none when it is no list."""
    items = obj.get(key) if isinstance(obj, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def put(obj: Object, **defaults: Any) -> None:
    """Set the fields that are absent, null or ""."""
    for key, value in defaults.items():
        if obj.get(key) is None or obj.get(key) == "":
            obj[key] = value
