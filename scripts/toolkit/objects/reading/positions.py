"""In which line of a text something stands: asked only for what is refused, so reading need not keep it."""

from __future__ import annotations

from typing import Any, NamedTuple

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

from toolkit.objects.reading import parser, scalars

Path = tuple[str | int, ...]


class Node(NamedTuple):
    """A value where it stands: its line (from 1), its text if it is a scalar, its entries otherwise.

    An entry is (key or index, line of the key, column of the key, value); what is merged in comes as entries
    of its own.
    """

    line: int
    written: str | None
    entries: tuple[tuple[str | int, int, int, Node], ...] = ()

    def at(self, path: Path) -> Node:
        """The value at the path, or the last one on the way to it that is there."""
        node = self
        for step in path:
            found = [entry for entry in node.entries if entry[0] == step]
            if not found:
                return node
            node = found[-1][3]
        return node

    def key_line(self, path: Path) -> int:
        """The line of the key (or list item) at the path; of what holds it when it is not there."""
        if not path:
            return self.line
        lines = [line for key, line, _, _ in self.at(path[:-1]).entries if key == path[-1]]
        return lines[-1] if lines else self.key_line(path[:-1])

    def twin(self, line: int, column: int, key: str) -> int | None:
        """The line of the earlier one of two keys, the later of which stands there; None if there is none."""
        before = [row for name, row, at, _ in self.entries if name == key and (row, at) < (line, column)]
        here = any(entry[1:3] == (line, column) for entry in self.entries)
        if here and before:
            return before[-1]
        deeper = (entry[3].twin(line, column, key) for entry in self.entries)
        return next((found for found in deeper if found is not None), None)


def nodes(text: str) -> list[Node]:
    """The documents of a text, as far as they can be read."""
    found: list[Node] = []
    try:
        events = parser.events(text)
        event = events.get_event()
        while not isinstance(event, StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                found.append(_Tree(events.get_event).node(events.get_event()))
            event = events.get_event()
    except (yaml.YAMLError, RecursionError):
        return found
    return found


class _Tree:
    def __init__(self, following: Any) -> None:
        self.next = following
        self.anchors: dict[str, Node] = {}

    def node(self, event: Any) -> Node:
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent):
            known = self.anchors.get(event.anchor or "")
            return Node(line, None, known.entries if known else ())
        if isinstance(event, ScalarEvent):
            made = Node(line, event.value)
        elif isinstance(event, MappingStartEvent):
            made = Node(line, None, self._mapping())
        else:
            made = Node(line, None, self._sequence())
        if event.anchor is not None:
            self.anchors[event.anchor] = made
        return made

    def _sequence(self) -> tuple[tuple[int, int, int, Node], ...]:
        found: list[tuple[int, int, int, Node]] = []
        event = self.next()
        while not isinstance(event, SequenceEndEvent):
            made = self.node(event)
            found.append((len(found), made.line, event.start_mark.column, made))
            event = self.next()
        return tuple(found)

    def _mapping(self) -> tuple[tuple[str | int, int, int, Node], ...]:
        found: list[tuple[str | int, int, int, Node]] = []
        event = self.next()
        while not isinstance(event, MappingEndEvent):
            mark = event.start_mark
            merges, key = parser.is_merge(event), self._key(event)
            value = self.node(self.next())
            if merges:
                several = [each[3] for each in value.entries if isinstance(each[0], int)] or [value]
                found += [entry for each in reversed(several) for entry in each.entries]
            else:
                found.append((key, mark.line + 1, mark.column, value))
            event = self.next()
        return tuple(found)

    def _key(self, event: Any) -> str:
        self.node(event)  # a key may carry an anchor, or be a list
        try:
            return scalars.key(parser.scalar(event)) if isinstance(event, ScalarEvent) else ""
        except (parser.Wrong, scalars.Unreadable):
            return ""
