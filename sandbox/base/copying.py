"""Copies of JSON values: several times as fast as copy.deepcopy, which allows for much more than JSON."""

from __future__ import annotations

from typing import Any


def copied(value: Any) -> Any:
    """A copy that shares no dict and no list with the original; everything else in JSON is immutable."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value
