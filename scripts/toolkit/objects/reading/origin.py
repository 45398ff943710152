"""Where a line of rendered text was written: rendered once more, piece by piece, and looked where each came from."""

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
    except Exception:  # noqa: BLE001 - it was rendered before; a second time something else may fail
        return last
    return last


def _written(pieces: Any, piece: str, offset: int) -> Written:
    chain: list[tuple[Path, int]] = []
    static = False
    generator = pieces
    while isinstance(generator, GeneratorType) and generator.gi_frame is not None:
        frame = generator.gi_frame
        file, line = _line(frame)
        if chain and chain[-1][0] == file:
            chain.pop()  # a block of the same file
        chain.append((file, line))
        static = piece in frame.f_code.co_consts
        generator = generator.gi_yieldfrom or frame.f_locals.get("gen")
    *by, (file, line) = chain
    # A piece that stands so in the template goes on over its lines; what an expression made is of one line.
    return Written(file, line + (piece.count("\n", 0, offset) if static else 0), tuple(reversed(by)))


def _line(frame: FrameType) -> tuple[Path, int]:
    template: jinja2.Template = frame.f_globals["__jinja_template__"]
    return Path(template.filename or template.name or "?"), template.get_corresponding_lineno(frame.f_lineno)
