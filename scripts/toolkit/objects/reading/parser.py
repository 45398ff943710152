"""YAML documents to JSON values, event by event: keys are text, none comes twice, aliases are written out.

The parser is libyaml's where PyYAML has it; what its events mean is said here, because kubectl's library
means something else by them than PyYAML does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from toolkit.objects.reading import scalars

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Values that aliases may be written out to, in one document: a bomb has billions.
MOST_COPIED = 200_000
_OPEN = object()


class Wrong(Exception):
    """A document that is refused: its line (from 1) and column, why; key is one that was there before."""

    def __init__(self, why: str, mark: Any, *, key: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.line = mark.line + 1
        self.column = mark.column
        self.key = key


def events(text: str) -> Any:
    """The parser of a text; its get_event() raises yaml.YAMLError."""
    return LOADER(text)


def documents(text: str) -> Iterator[tuple[int, Any]]:
    """Each document's first line (from 1) and its value; None for an empty one.

    Raises Wrong, yaml.YAMLError from the parser, and RecursionError for what is nested too deeply.
    """
    parser = events(text)
    while True:
        event = parser.get_event()
        if isinstance(event, StreamEndEvent):
            return
        if isinstance(event, DocumentStartEvent):
            first = parser.get_event()
            yield first.start_mark.line + 1, _Document(parser).value(first)


class _Document:
    """One document while it is read."""

    def __init__(self, parser: Any) -> None:
        self.next = parser.get_event
        self.anchors: dict[str, Any] = {}
        self.copied = 0

    def value(self, event: Any) -> Any:
        kind = type(event)
        if kind is ScalarEvent:
            found: Any = scalar(event)
            if type(found) is float or type(found) is int:
                found = _number(found, event)
        elif kind is AliasEvent:
            return self._alias(event)
        else:
            if event.anchor is not None:
                self.anchors[event.anchor] = _OPEN
            found = self._mapping() if kind is MappingStartEvent else self._sequence()
        if event.anchor is not None:
            self.anchors[event.anchor] = found
        return found

    def _sequence(self) -> list[Any]:
        found = []
        event = self.next()
        while type(event) is not SequenceEndEvent:
            found.append(self.value(event))
            event = self.next()
        return found

    def _mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        written: set[str] | None = None  # the keys that were not merged in, once something was
        event = self.next()
        while type(event) is not MappingEndEvent:
            if is_merge(event):
                written = set(found) if written is None else written
                self._merge(found, self.next())
            else:
                key = self._key(event)
                if key in (found if written is None else written):
                    raise Wrong("the same key twice", event.start_mark, key=key)
                if written is not None:
                    written.add(key)
                found[key] = self.value(self.next())
            event = self.next()
        return found

    def _key(self, event: Any) -> str:
        if type(event) is ScalarEvent:
            found: Any = scalar(event)
            if event.anchor is not None:
                self.anchors[event.anchor] = found
            if type(found) is str:
                return found
        else:
            found = self.value(event)
        try:
            return scalars.key(found)
        except scalars.Unreadable as error:
            raise Wrong(str(error), event.start_mark) from error

    def _merge(self, into: dict[str, Any], event: Any) -> None:
        """As Go does it: what is merged takes the place of what stands before; of several the first wins."""
        found = self.value(event)
        several = found if isinstance(found, list) else [found]
        for each in reversed(several):
            if not isinstance(each, dict):
                raise Wrong("<< must name a mapping, or a list of mappings", event.start_mark)
            into.update(each)

    def _alias(self, event: Any) -> Any:
        found = self.anchors.get(event.anchor, self)
        if found is self:
            raise Wrong("an alias to an anchor that is not there", event.start_mark)
        if found is _OPEN:
            raise Wrong("an anchor that contains itself", event.start_mark)
        try:
            return self._copy(found)
        except OverflowError:
            raise Wrong(f"its aliases come to more than {MOST_COPIED} values", event.start_mark) from None

    def _copy(self, found: Any) -> Any:
        """Its own: an object that is changed must not change another one."""
        self.copied += 1
        if self.copied > MOST_COPIED:
            raise OverflowError
        if type(found) is dict:
            return {key: self._copy(each) for key, each in found.items()}
        if type(found) is list:
            return [self._copy(each) for each in found]
        return found


def scalar(event: Any) -> scalars.Scalar:
    """What a scalar event is. Raises Wrong."""
    tag = event.tag
    if tag is None:
        value: str = event.value
        if not event.implicit[0] or (value and value[0] not in scalars.MAYBE):
            return value
        return scalars.plain(value)
    try:
        return scalars.tagged(tag, event.value)
    except scalars.Unreadable as error:
        raise Wrong(str(error), event.start_mark) from error


def _number(found: float, event: Any) -> int | float:
    try:
        return scalars.as_json(found)
    except scalars.Unreadable as error:
        raise Wrong(str(error), event.start_mark) from error


def is_merge(event: Any) -> bool:
    """Whether a key is the merge key <<, which is none in quotes."""
    return (
        type(event) is ScalarEvent
        and event.value == "<<"
        and (event.tag == f"{scalars.TAGS}merge" or (event.tag is None and event.implicit[0]))
    )
