"""Where a line of rendered text was written: rendered once more, and each piece is asked whence it comes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import FrameType, GeneratorType
from typing import Any

import jinja2

from toolkit.objects.reading.source import Written


def of(template: jinja2.Template, variables: Mapping[str, Any], text: str, line: int) -> Written:
    """The line of the template, or of what it includes, that made a line (from 1) of its text."""
    rows = text.splitlines(keepends=True)
    row = rows[line - 1] if 0 < line <= len(rows) else ""
    blank = len(row) - len(row.lstrip())
    wanted = sum(map(len, rows[: line - 1])) + (blank if row.strip() else 0)
    end, last = 0, Written(Path(template.filename or template.name or "?"), line)
    context = template.new_context(dict(variables))
    pieces = template.root_render_func(context)
    try:
        for piece in pieces:
            if end + len(piece) > wanted:
                return _written(pieces, piece, wanted - end)
            end += len(piece)
    except Exception:
        return last
    return last


def _written(pieces: Any, piece: str, offset: int) -> Written:
    chain: list[tuple[Path, int]] = []
    constants: tuple[Any, ...] = ()
    generator = pieces
    while isinstance(generator, GeneratorType) and generator.gi_frame is not None:
        frame = generator.gi_frame
        file, line = _line(frame)
        if chain and chain[-1][0] == file:
            chain.pop()  # a block of the same file
        chain.append((file, line))
        constants = frame.f_code.co_consts
        generator = generator.gi_yieldfrom or frame.f_locals.get("gen")
    *by, (file, line) = chain
    if piece in constants:
        line = _of_constant(file, line, piece, offset)
    return Written(file, line, tuple(reversed(by)))


def _of_constant(file: Path, line: int, piece: str, offset: int) -> int:
    """The line of a place in a piece that stands so in the template; Jinja knows the expression before it."""
    try:
        source = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return line
    start = sum(map(len, source.splitlines(keepends=True)[: line - 1]))
    found = source.find(piece, start)
    return line if found < 0 else source.count("\n", 0, found + offset) + 1


def _line(frame: FrameType) -> tuple[Path, int]:
    template: jinja2.Template = frame.f_globals["__jinja_template__"]
    return Path(template.filename or template.name or "?"), template.get_corresponding_lineno(frame.f_lineno)
