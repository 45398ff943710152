"""A field that was changed for somebody stays theirs: else their next server-side apply would be a conflict.

An update makes whoever writes the owner of what it changes (Kubernetes: Server-Side Apply, "Field
management"). Pure.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Sequence
from typing import Any

from toolkit.objects.fields import mapping, text

Json = dict[str, Any]
_CONTAINERS = ("f:spec", "f:template", "f:spec", "f:containers")


def handed_back(
    before: Sequence[Json], after: Sequence[Json], containers: Iterable[str], by: str
) -> list[Json]:
    """managedFields after `by` has changed the images of these containers, as if their owners had done so."""
    keys = [(*_CONTAINERS, f"k:{json.dumps({'name': each}, separators=(',', ':'))}") for each in containers]
    made = [copy.deepcopy(entry) for entry in after if text(entry, "manager") != by]
    for entry in before:
        if text(entry, "manager") == by:
            continue
        owned = [key for key in keys if "f:image" in mapping(entry, "fieldsV1", *key)]
        if not owned:
            continue
        mine = next((each for each in made if _who(each) == _who(entry)), None)
        if mine is None:  # it owned nothing else
            made.append(copy.deepcopy(entry))
            continue
        for key in owned:
            place = mine.setdefault("fieldsV1", {})
            for step in key:
                place = place.setdefault(step, {})
            place["f:image"] = {}
    return made


def _who(entry: Json) -> tuple[str, ...]:
    return tuple(text(entry, key) for key in ("manager", "operation", "apiVersion", "subresource"))
