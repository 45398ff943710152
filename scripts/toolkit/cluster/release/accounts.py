"""Pods whose templates name no ServiceAccount any more: the API server keeps the old one unless told.

A PodSpec has serviceAccount as a deprecated alias of serviceAccountName. Server-side apply removes the name;
but nobody owns the alias, and it fills the name again (Kubernetes issue 72519).
"""

from __future__ import annotations

import copy
from typing import Any

from toolkit.objects.fields import at, mapping, objects, text
from toolkit.objects.pods import TEMPLATES

Json = dict[str, Any]
DEFAULT = "default"
NAME, ALIAS = "serviceAccountName", "serviceAccount"


def given_back(obj: Json, made: Json) -> Json | None:
    """The object with the default ServiceAccount, where what became of it still has one that was taken away.

    made is the answer to its apply. None when all is well, or somebody else wants that ServiceAccount.
    """
    for way in ((*template, "spec") for template in TEMPLATES):
        wanted, live = mapping(obj, *way), mapping(made, *way)
        if not wanted or wanted.get(NAME) or wanted.get(ALIAS) or text(live, NAME) in ("", DEFAULT):
            continue
        if any(_owns(entry, way) for entry in objects(made, "metadata", "managedFields")):
            return None
        changed = copy.deepcopy(obj)
        mapping(changed, *way)[NAME] = DEFAULT
        return changed
    return None


def _owns(entry: Json, way: tuple[str, ...]) -> bool:
    fields = mapping(entry, "fieldsV1", *(f"f:{step}" for step in way))
    return at(fields, f"f:{NAME}") is not None or at(fields, f"f:{ALIAS}") is not None
