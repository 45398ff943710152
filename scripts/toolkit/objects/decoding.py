"""A cluster's JSON to objects without managedFields, which nobody here reads and which are half of a pod."""

from __future__ import annotations

import json
from typing import Any

_KEY = b'"managedFields":[{'
_END = b"}]"
_INSTEAD = b'"managedFields":[]'

_decode = json.JSONDecoder().decode  # json.loads would guess at the encoding of every line


def loads(data: bytes) -> Any:
    """The value of a JSON text in UTF-8, managedFields emptied. Raises ValueError for what is not JSON.

    They are cut out before they are parsed. There is no list inside of them, so the first `}]` ends them; one
    in a string would leave an odd number of quotes behind, which is no JSON: then everything is parsed.
    """
    try:
        return _decode(_without_managed_fields(data).decode())
    except ValueError:
        return _decode(data.decode())


def _without_managed_fields(data: bytes) -> bytes:
    first, *others = data.split(_KEY)
    return first + b"".join(_INSTEAD + other.partition(_END)[2] for other in others)
