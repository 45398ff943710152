"""Objects as text that fits a ConfigMap, and back: JSON, gzip, base64. The data of Secrets is left out."""

from __future__ import annotations

import base64
import copy
import gzip
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from toolkit.objects.fields import mapping, objects

Json = dict[str, Any]


def pack(applied: Sequence[Json]) -> str:
    """Objects as text: JSON, gzip, base64. The same objects give the same text, whatever run applied them."""
    return base64.b64encode(gzip.compress(_plain(applied, "form-builder/"), mtime=0)).decode()


def unpack(packed: str) -> list[Json] | None:
    """What `pack` made, back again; None for anything else."""
    try:
        return objects(json.loads(gzip.decompress(base64.b64decode(packed))))
    except (ValueError, OSError, EOFError):
        return None


NOTES = "restart.form-builder/"
"""Annotations that are kept with a release, say what was before it, and do not make it another one."""


def content_of(applied: Sequence[Json]) -> str:
    """What makes two releases the same thing: 16 hex digits over all that is applied but its own labels."""
    return hashlib.sha256(_plain(applied, "form-builder/", NOTES)).hexdigest()[:16]


def _plain(applied: Sequence[Json], *without: str) -> bytes:
    lean = []
    for obj in applied:
        each = copy.deepcopy(obj)
        if each.get("kind") == "Secret":  # of any group: whoever calls it so means it
            each.pop("data", None)
            each.pop("stringData", None)
        annotations = mapping(each, "metadata", "annotations")
        for key in [key for key in annotations if key.startswith(without)]:
            del annotations[key]
        lean.append(each)
    return json.dumps(lean, sort_keys=True, separators=(",", ":")).encode()
