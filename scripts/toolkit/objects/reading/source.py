"""A file as text that is ready to be read, and where in it, or in what it includes, something stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.objects.reading import positions, secrecy

Json = dict[str, Any]


class Written(NamedTuple):
    """A line of a file, and the chain of lines that included it, the nearest first."""

    file: Path
    line: int
    by: tuple[tuple[Path, int], ...] = ()

    def __str__(self) -> str:
        chain = "".join(f", included by {shown(file)}:{line}" for file, line in self.by)
        return f"{shown(self.file)}:{self.line}{chain}"


@dataclass(frozen=True)
class Source:
    """A file's text as it is read; written tells where a line of it, at a column, was written."""

    file: Path
    text: str
    rendered: bool = False
    written: Callable[[int], Written] = field(default=lambda line: Written(Path(), line), repr=False)

    def at(self, line: int) -> str:
        """Where a line of the text was written: <app>/deploy/api.yaml:12."""
        return str(self.written(line) if self.rendered else Written(self.file, line))

    def is_secret(self, line: int) -> bool:
        """Whether the document in which a line stands may be a Secret."""
        return secrecy.may_be_secret(secrecy.document_at(self.text, line))

    @cached_property
    def nodes(self) -> list[positions.Node]:
        """The documents with their lines."""
        return positions.nodes(self.text)


@dataclass(frozen=True)
class Place:
    """Where an object stands: document (from 0), its first line, and the path in it, if it is in a list."""

    source: Source
    document: int
    first: int
    path: positions.Path = ()

    @property
    def file(self) -> Path:
        """The file."""
        return self.source.file

    def node(self, *path: str | int) -> positions.Node | None:
        """What is written at a path of the object, or at the last step of it that is there."""
        nodes = self.source.nodes
        return nodes[self.document].at((*self.path, *path)) if self.document < len(nodes) else None

    def line(self, *path: str | int) -> int:
        """The line of the text in which the key at the path stands; of the object without one."""
        nodes = self.source.nodes
        whole = (*self.path, *path)
        if not whole or self.document >= len(nodes):
            return self.first
        return nodes[self.document].key_line(whole)

    def at(self, *path: str | int) -> str:
        """That line as somebody wrote it."""
        return self.source.at(self.line(*path))

    def __str__(self) -> str:
        return self.at()


class Read(NamedTuple):
    """An object, and where it was read."""

    place: Place
    obj: Json


def shown(file: Path) -> str:
    """The last parts of a path: <app>/deploy/api.yaml."""
    return "/".join(file.parts[-3:])
