"""JSON values: what Python gets wrong about comparing them, and how deep one may be."""

from __future__ import annotations

from typing import Any

# Deeper than any object of the API, and shallow enough for recursive code (Python stops at 1,000 frames).
MAX_DEPTH = 120


def same(left: Any, right: Any) -> bool:
    """JSON equality: unlike Python's, true is not 1; 1 and 1.0 are the same number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)


def too_deep(value: Any, limit: int = MAX_DEPTH) -> bool:
    """Whether dicts and lists are nested more than `limit` levels. Not recursive itself."""
    level = [value]
    for _ in range(limit + 1):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True
