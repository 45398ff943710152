"""Paths into objects, and which managers own what is there: metadata.managedFields, read. Pure.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolkit.objects.fields import mapping, objects, text

Json = dict[str, Any]
Identity = tuple[tuple[str, Any], ...]
Step = str | int | Identity
"""A field, a place in a list, or the keys of an item: (("name", "api"),)."""
Path = tuple[Step, ...]

ABSENT: Any = object()
OURS = "form-builder"
"""How the names of our own field managers begin."""

# The cluster's own controllers work on the objects, too; nobody's hand does.
_CONTROLLERS = ("kube-", "system:")
_DEFAULTS = {"protocol": "TCP"}


def others(live: Json) -> list[Json]:
    """The entries of managers that are neither ours nor the cluster's own."""
    return [
        entry
        for entry in objects(live, "metadata", "managedFields")
        if not text(entry, "manager").startswith((OURS, *_CONTROLLERS))
        and entry.get("subresource") != "status"
    ]


def name_of(entry: Json) -> str:
    """A manager as a person reads it: kubectl-edit, kubectl (scale)."""
    sub = text(entry, "subresource")
    return f"{text(entry, 'manager')}{f' ({sub})' if sub else ''}"


def owner(entries: Sequence[Json], path: Path) -> str:
    """Which of these managers owns a field: the last one to have written it; "" for none."""
    owners = [entry for entry in entries if _owns(mapping(entry, "fieldsV1"), path)]
    return name_of(max(owners, key=lambda entry: text(entry, "time"))) if owners else ""


def added(entry: Json, applied: Json) -> Iterator[Path]:
    """The highest places among a manager's fields that were never applied."""
    return _added(mapping(entry, "fieldsV1"), applied, ())


def at(value: Any, path: Path) -> Any:
    """What is at a path; ABSENT where it leaves the object."""
    for step in path:
        if isinstance(step, tuple):
            keys = [key for key, _ in step]
            items = value if isinstance(value, list) else []
            mine = (item for item in items if isinstance(item, dict) and identity(item, keys) == step)
            value = next(mine, ABSENT)
        elif isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else ABSENT
        else:
            value = value.get(step, ABSENT) if isinstance(value, dict) else ABSENT
    return value


def identity(item: Mapping[str, Any], keys: Sequence[str]) -> Identity:
    """What tells an item of a list from the others."""
    return tuple(sorted((key, item.get(key, _DEFAULTS.get(key))) for key in keys))


def spelled(path: Path) -> list[str]:
    """A path as FieldsV1 spells its steps: f:spec, k:{"name":"api"}."""
    said = []
    for step in path:
        if isinstance(step, tuple):
            said.append(f"k:{json.dumps(dict(step), sort_keys=True, separators=(',', ':'))}")
        else:
            said.append(f"i:{step}" if isinstance(step, int) else f"f:{step}")
    return said


def tree(value: Any) -> Json:
    """FieldsV1 of a whole value; lists are owned as one."""
    return {f"f:{key}": tree(inner) for key, inner in value.items()} if isinstance(value, dict) else {}


def shown(path: Path) -> str:
    """spec.template.spec.containers[api].image"""
    said = ""
    for step in path:
        if isinstance(step, tuple):
            said += f"[{'/'.join(str(value) for _, value in step)}]"
        elif isinstance(step, int) or {".", "/"} & set(step):
            said += f"[{step}]"
        else:
            said += f".{step}" if said else step
    return said


def _owns(node: Mapping[str, Any], path: Path) -> bool:
    for step in path:
        child = next((value for key, value in node.items() if _step(key) == step), None)
        if child is None:
            return False
        if not child:
            return True  # a leaf: all below is one value
        node = mapping(child)
    return True


def _added(node: Mapping[str, Any], want: Any, path: Path) -> Iterator[Path]:
    for key, child in node.items():
        step = _step(key)
        if step is None:
            continue
        inner = at(want, (step,))
        if inner is ABSENT:
            yield (*path, step)
        elif child:
            yield from _added(mapping(child), inner, (*path, step))


def _step(key: str) -> Step | None:
    """f:replicas, k:{"name":"api"} or i:0 as a step; None for what names no place (".", "v:...")."""
    kind, _, rest = key.partition(":")
    try:
        if kind == "f":
            return rest
        if kind == "i":
            return int(rest)
        if kind == "k":
            return tuple(sorted(mapping(json.loads(rest)).items()))
    except ValueError:
        pass
    return None
