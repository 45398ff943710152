"""Documents to objects: lists are taken apart, and each object has what it needs to be found again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolkit.base.outcome import Misused
from toolkit.objects.reading import texts
from toolkit.objects.reading.source import Place, Read

_PLACES = (("apiVersion",), ("kind",), ("metadata", "name"))
_NAMES_SHOWN = 5


def objects(place: Place, document: Any) -> Iterator[Read]:
    """The objects of a document. Raises Misused with file and line for what is none."""
    if not isinstance(document, dict):
        what = "a list" if isinstance(document, list) else "text"
        raise Misused(
            f"{place}: {_number(place)} is {what}, not an object: it has no apiVersion, kind and metadata"
        )
    if "items" in document:
        yield from _items(place, document)
        return
    _refuse_without_name(place, document)
    _refuse_mistyped(place, document)
    yield Read(place, document)


def _items(place: Place, document: dict[str, Any]) -> Iterator[Read]:
    """A List, a ConfigMapList and their like, as kubectl takes them apart: it goes by the key `items`."""
    items = document["items"]
    kind, version = str(document.get("kind", "")), document.get("apiVersion")
    is_typed = kind.endswith("List") and kind != "List"
    if items is None:
        return
    if not isinstance(items, list):
        raise Misused(f"{place.at('items')}: items of {kind or 'a list'} must be a list of objects")
    for index, each in enumerate(items):
        inner = Place(place.source, place.document, place.first, (*place.path, "items", index))
        # The items of a list as the API server gives it do not say what they are.
        if isinstance(each, dict) and is_typed and not (each.get("kind") and each.get("apiVersion")):
            each = {
                **each,
                "kind": kind.removesuffix("List"),
                "apiVersion": each.get("apiVersion") or version,
            }
        yield from objects(inner, each)


def _number(place: Place) -> str:
    many = len(place.source.nodes) > 1
    what = f"document {place.document + 1}" if many else "what is there"
    return f"item {place.path[-1] + 1} of the list" if place.path else what  # type: ignore[operator]


def _refuse_without_name(place: Place, obj: dict[str, Any]) -> None:
    """Raises Misused unless the object says what it is and how it is called."""
    kind = obj.get("kind") if isinstance(obj.get("kind"), str) else ""
    many = len(place.source.nodes) > 1 or place.path
    what = (f" ({kind})" if kind else "") + (f", {_number(place)}," if many else "")
    metadata = obj.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise Misused(f"{place.at('metadata')}: metadata of an object{what} is no mapping")
    for path in _PLACES:
        holder = obj if len(path) == 1 else metadata or {}
        value = holder.get(path[-1])
        if isinstance(value, str) and value:
            continue
        field = ".".join(path)
        if value is not None and value != "" and not isinstance(value, list | dict):
            sort = "truth value" if isinstance(value, bool) else "number"
            written = _written(place, path)
            raise Misused(
                f"{place.at(*path)}: {field} of an object{what} is the {sort} {written}, not text",
                remedy=f'quote it: {path[-1]}: "{written}"',
            )
        if path[-1] == "name" and holder.get("generateName"):
            where = place.at("metadata", "generateName")
            raise Misused(
                f"{where}: generateName of an object{what} is not supported: each deployment would make one "
                "more object, which no later one could change, roll back or take out",
                remedy="give it a metadata.name",
            )
        raise Misused(f"{place.at(*path)}: an object{what} has no {field}")


def _written(place: Place, path: tuple[str, ...]) -> str:
    node = place.node(*path)
    return (node.written if node else None) or "?"


def _refuse_mistyped(place: Place, obj: dict[str, Any]) -> None:
    """Raises Misused for fields that must be text and are not, all of the object's at once."""
    wrong = list(texts.mistyped(obj))
    if not wrong:
        return
    named = f"{obj['kind']}/{obj['metadata']['name']}"
    # In the order of the file; what is written there may be a secret and is not shown.
    found = sorted((place.line(*each.path), f"{_path(each.path)} is {each.found}", each) for each in wrong)
    told = [f"{place.source.at(line)}: {named}: {words}" for line, words, _ in found]
    first = found[0][2]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    remedy = "quote it" if first.can_quote else f"write {first.wanted}"
    if len(found) > 1 and all(each.can_quote for _, _, each in found):
        remedy = "quote them"
    raise Misused(
        f"{told[0]}, and must be {first.wanted}{more}",
        remedy=remedy,
        evidence=told[1 : 1 + _NAMES_SHOWN * 2] if more else [],
    )


def _path(path: tuple[str | int, ...]) -> str:
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return words.lstrip(".")
