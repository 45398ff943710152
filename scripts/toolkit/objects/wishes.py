"""How an object is to be judged, by its annotations and by apps.toml. Pure.

An annotation comes first, then what apps.toml says of the object, then what it says of its kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.base.outcome import Misused
from toolkit.objects.fields import mapping, name, shown, text
from toolkit.objects.resources import title
from toolkit.settings.said import judging
from toolkit.settings.said.judging import NOTHING, PREFIX, Judging

Json = dict[str, Any]


def of(obj: Json, said: Mapping[str, Judging] = judging.NOBODY, space: str = "") -> Judging:
    """How an object is to be judged; said is by "Kind" and "Kind/name" ({space} in it is the space)."""
    kind = title(text(obj, "apiVersion"), text(obj, "kind"))
    named = {key.replace("{space}", space): value for key, value in said.items()}
    whole, one = named.get(kind, NOTHING), named.get(f"{kind}/{name(obj)}", NOTHING)
    try:
        own = judging.read(_annotations(obj))
    except ValueError:  # refused when it was rendered; what is there already is not judged by it
        own = NOTHING
    return own.over(one).over(whole)


def check(file: str, obj: Json) -> None:
    """Raises Misused with file and object for an annotation that nobody understands, or that does not fit."""
    words = _annotations(obj)
    try:
        wished = judging.read(words)
    except ValueError as error:
        raise Misused(f"{file}: {shown(obj)}: annotation {PREFIX}{error}") from None
    kind = title(text(obj, "apiVersion"), text(obj, "kind"))
    if wrong := judging.misfit(kind, wished):
        raise Misused(f"{file}: {shown(obj)}: annotation {PREFIX}{wrong}")


def _annotations(obj: Json) -> dict[str, Any]:
    found = mapping(obj, "metadata", "annotations")
    return {key.removeprefix(PREFIX): value for key, value in found.items() if str(key).startswith(PREFIX)}
