"""Rows of words as a table of plain text."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Rows of words as lines whose columns stand below each other."""
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return ["  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)) for line in cells]
