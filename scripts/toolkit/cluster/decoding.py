"""A cluster's JSON to objects without managedFields, which nobody here reads and which are half of a pod."""

from __future__ import annotations

import json
from typing import Any

_KEY = b'"managedFields":[{'
_END = b"}]"
_INSTEAD = b'"managedFields":[]'


def loads(data: bytes) -> Any:
    """The value of a JSON text with managedFields emptied. Raises ValueError for what is not JSON.

    They are cut out before they are parsed. There is no list inside of them, so the first `}]` ends them; one
    in a string would leave an odd number of quotes behind, which is no JSON: then everything is parsed.
    """
    if _KEY not in data:
        return json.loads(data)
    try:
        return json.loads(_without_managed_fields(data))
    except ValueError:
        return json.loads(data)


def _without_managed_fields(data: bytes) -> bytes:
    parts, at = [], 0
    while (start := data.find(_KEY, at)) >= 0 and (end := data.find(_END, start)) >= 0:
        parts += [data[at:start], _INSTEAD]
        at = end + len(_END)
    return b"".join([*parts, data[at:]])
