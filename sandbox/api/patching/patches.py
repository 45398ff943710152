"""The three patch formats of the Kubernetes API as pure functions: object and patch in, new object out.

None of them changes its arguments. All raise PatchError, and nothing else, whatever the patch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from sandbox.api.patching import jsonpatches, strategic
from sandbox.api.types.errors import PatchError
from sandbox.api.types.schema import Schema
from sandbox.api.types.values import too_deep
from sandbox.base.copying import copied

__all__ = ["PatchError", "json_patch", "merge_patch", "strategic_patch"]

Object = dict[str, Any]
P = ParamSpec("P")


def _bounded(patch: Callable[P, Any]) -> Callable[P, Object]:
    """Refuse what is nested too deeply to be worked on, and a result that is not an object."""

    @wraps(patch)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Object:
        if any(too_deep(argument) for argument in args if isinstance(argument, dict | list)):
            raise PatchError(400, "nested too deeply")
        try:
            patched = patch(*args, **kwargs)
        except RecursionError:  # a patch can nest the object step by step
            raise PatchError(422, "the patched object is nested too deeply") from None
        if not isinstance(patched, dict):
            raise PatchError(422, f"the patch turns the object into {_article(patched)}")
        if too_deep(patched):
            raise PatchError(422, "the patched object is nested too deeply")
        return patched

    return checked


def _article(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else f"a {type(value).__name__}"


def _no_map(value: Any) -> str:
    """Go's words for JSON that is no object."""
    what = {list: "array", str: "string", bool: "bool"}.get(type(value), "number")
    return f"json: cannot unmarshal {what} into Go value of type map[string]interface {{}}"


@_bounded
def merge_patch(obj: Object, patch: Any) -> Any:
    """RFC 7386: objects merge, null removes, everything else replaces (lists included)."""
    if patch is None:
        raise PatchError(400, "Invalid JSON Patch")
    if not isinstance(patch, dict):
        raise PatchError(400, f"error decoding patch: {_no_map(patch)}")
    return _merged(obj, patch)


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return copied(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result


@_bounded
def json_patch(obj: Object, operations: Any) -> Any:
    """RFC 6902: a list of add, remove, replace, move, copy and test, applied in order or not at all.

    A patch that is not one is refused with 400; one that does not fit the object (a failed test, a missing
    path) with 422.
    """
    return jsonpatches.apply(obj, [] if operations is None else operations)


@_bounded
def strategic_patch(schema: Schema, obj: Object, patch: Any) -> Any:
    """Kubernetes' own format, in which lists merge by key (strategic.py). 415 without a schema."""
    if not schema.known:
        raise PatchError(
            415, "strategic merge patches are for built-in kinds only; use a merge patch or a JSON patch"
        )
    if patch is not None and not isinstance(patch, dict):
        raise PatchError(400, _no_map(patch))
    return strategic.merge(obj, patch or {}, schema)
