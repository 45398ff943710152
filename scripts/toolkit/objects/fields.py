"""Reading Kubernetes JSON that may be partial, mutilated or newer: a wrong type reads as absent."""

from __future__ import annotations

from typing import Any


def at(value: Any, *path: str | int) -> Any:
    """The value at a path of keys and indexes, or None where the path leaves the object."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or not -len(value) <= step < len(value):
                return None
            value = value[step]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def mapping(value: Any, *path: str | int) -> dict[str, Any]:
    """The object at the path, {} when there is none."""
    found = at(value, *path) if path else value
    return found if isinstance(found, dict) else {}


def objects(value: Any, *path: str | int) -> list[dict[str, Any]]:
    """The objects in the list at the path; anything in it that is not an object is left out."""
    found = at(value, *path) if path else value
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def text(value: Any, *path: str | int) -> str:
    """The string at the path, "" when there is none."""
    found = at(value, *path) if path else value
    return found if isinstance(found, str) else ""


def number(value: Any, *path: str | int, default: int = 0) -> int:
    """The whole number at the path; a number written as text counts."""
    found = at(value, *path) if path else value
    if isinstance(found, bool):
        return default
    if isinstance(found, int):
        return found
    return int(found) if isinstance(found, str) and found.isascii() and found.isdigit() else default


def condition(obj: Any, kind: str) -> dict[str, Any]:
    """The status condition of that type, {} when there is none."""
    for found in objects(obj, "status", "conditions"):
        if found.get("type") == kind:
            return found
    return {}


def owner(obj: Any, kind: str = "") -> str:
    """The uid of the controlling owner (of that kind), "" when there is none."""
    for reference in objects(obj, "metadata", "ownerReferences"):
        if reference.get("controller") is True and kind in ("", reference.get("kind")):
            return text(reference, "uid")
    return ""


def name(obj: Any) -> str:
    """metadata.name, "" when there is none."""
    return text(obj, "metadata", "name")


def uid(obj: Any) -> str:
    """metadata.uid, "" when there is none."""
    return text(obj, "metadata", "uid")


def shown(obj: Any) -> str:
    """How a person names an object: Kind/name."""
    return f"{text(obj, 'kind') or '?'}/{name(obj) or '?'}"
