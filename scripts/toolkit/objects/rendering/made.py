"""What a program rendered, as objects: each with the file that it came from, for sentences."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from toolkit.objects.reading import documents, whole
from toolkit.objects.reading.source import Read, Source, Written


class _Line(Written):
    """A line of what a file was rendered to: where in the file it comes from nobody tells."""

    def __str__(self) -> str:
        return f"{self.file}, line {self.line} of what it renders to"


def objects(file: Path, text: str) -> Iterator[Read]:
    """The objects of a text that a file was rendered to. Raises Misused."""
    source = Source(file, text, rendered=True, written=lambda line: _Line(file, line))
    for place, document in documents.read(source):
        yield from whole.objects(place, document)
