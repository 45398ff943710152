"""JSON Patch (RFC 6902) on JSON Pointers (RFC 6901)."""

from __future__ import annotations

import json
import re
from typing import Any

from sandbox.api.types.errors import PatchError
from sandbox.api.types.values import same
from sandbox.base.copying import copied

MAX_OPERATIONS = 10_000  # as the API server's limit for one patch
MAX_COPIED_BYTES = 3 * 1024 * 1024  # `copy` can double an object with every operation
_MEMBERS = {
    "add": ("value",),
    "remove": (),
    "replace": ("value",),
    "move": ("from",),
    "copy": ("from",),
    "test": ("value",),
}
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def apply(document: Any, operations: Any) -> Any:
    """The patched copy. PatchError 400 for a malformed patch, 422 for one that does not fit the document."""
    if not isinstance(operations, list):
        raise PatchError(400, "a JSON patch must be a list of operations")
    if len(operations) > MAX_OPERATIONS:
        raise PatchError(413, f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}")
    for operation in operations:
        _check(operation)
    root = {"": copied(document)}  # one level up, so that the pointer "" has a parent like all others
    copied_bytes = 0
    for operation in operations:
        path = _parse(operation["path"])
        match operation["op"]:
            case "add":
                _add(root, path, copied(operation["value"]))
            case "remove":
                _remove(root, path)
            case "replace":
                _remove(root, path)
                _add(root, path, copied(operation["value"]))
            case "move":
                source = _parse(operation["from"])
                if path[: len(source)] == source and path != source:
                    raise _unfit(f"cannot move {operation['from']} into itself")
                _add(root, path, _remove(root, source))
            case "copy":
                value = _get(root, _parse(operation["from"]))
                copied_bytes += len(json.dumps(value))
                if copied_bytes > MAX_COPIED_BYTES:
                    raise PatchError(413, f"the patch copies more than {MAX_COPIED_BYTES} bytes")
                _add(root, path, copied(value))
            case _:
                if not same(_get(root, path), operation["value"]):
                    raise _unfit(f"testing value {operation['path']} failed")
    return root.get("")


def _check(operation: Any) -> None:
    if not isinstance(operation, dict) or not isinstance(operation.get("op"), str):
        raise PatchError(400, "each operation of a JSON patch is an object with op and path")
    if operation["op"] not in _MEMBERS:
        raise PatchError(400, f"unexpected kind of JSON patch operation: {operation['op']!r}")
    for member in ("path", *_MEMBERS[operation["op"]]):
        if member not in operation:
            raise PatchError(400, f"the JSON patch operation {operation['op']!r} needs {member!r}")
    for member in ("path", "from"):
        pointer = operation.get(member, "")
        if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
            raise PatchError(
                400, f"{member!r} of a JSON patch operation must be a JSON pointer such as /spec/replicas"
            )


def _unfit(problem: str) -> PatchError:
    return PatchError(422, f"the server rejected our request due to an error in our request: {problem}")


def _parse(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")]


def _spelled(path: list[str]) -> str:
    return "/".join(path) or '""'


def _index(parent: list[Any], token: str, path: list[str], end: int) -> int:
    if not _INDEX.fullmatch(token) or int(token) > end:
        raise _unfit(f"{_spelled(path)}: no such index in a list of {len(parent)}")
    return int(token)


def _step(parent: Any, token: str, path: list[str]) -> Any:
    if isinstance(parent, dict) and token in parent:
        return parent[token]
    if isinstance(parent, list):
        return parent[_index(parent, token, path, len(parent) - 1)]
    raise _unfit(f"{_spelled(path)}: missing path")


def _get(root: Any, path: list[str]) -> Any:
    for token in path:
        root = _step(root, token, path)
    return root


def _add(root: Any, path: list[str], value: Any) -> None:
    parent = _get(root, path[:-1])
    if isinstance(parent, dict):
        parent[path[-1]] = value
    elif isinstance(parent, list):
        end = len(parent)
        parent.insert(end if path[-1] == "-" else _index(parent, path[-1], path, end), value)
    else:
        raise _unfit(f"{_spelled(path)}: missing path")


def _remove(root: Any, path: list[str]) -> Any:
    parent = _get(root, path[:-1])
    value = _step(parent, path[-1], path)
    if isinstance(parent, list):
        parent.pop(int(path[-1]))
    else:
        del parent[path[-1]]
    return value
