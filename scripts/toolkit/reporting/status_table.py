"""What `make status` prints: rows of text that stay readable on a terminal of 120 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from toolkit.base.table import aligned
from toolkit.reporting.overview import Row

WIDTH = 120
HEADINGS = ("app", "space", "version", "since", "by", "verified", "ready")
HISTORY = ("space", "version", "at", "by", "verified", "state", "back from")
MOST_NOTES = 6
_WIDEST_NAME = 18


def status(rows: Sequence[Row]) -> list[str]:
    """The rows as aligned lines, headings first. A note stands behind its row where it fits, else below."""
    lines = aligned([HEADINGS, *(_cells(each) for each in rows)])
    edge = max(map(len, lines), default=0) + 2
    said = [lines[0].rstrip()]
    for line, row in zip(lines[1:], rows, strict=True):
        notes = list(row.notes)
        if len(notes) > MOST_NOTES:
            notes[MOST_NOTES - 1 :] = [f"and {len(notes) - MOST_NOTES + 1} more: --json has all"]
        if len(notes) == 1 and edge + len(notes[0]) <= WIDTH:
            said.append(line.ljust(edge) + notes[0])
            continue
        said.append(line.rstrip())
        for note in notes:
            said += textwrap.wrap(
                note, WIDTH, initial_indent="    ", subsequent_indent="      ", break_on_hyphens=False
            )
    return said


def history(rows: Sequence[Row]) -> list[str]:
    """The releases that are known, space by space, newest first; [] when there are none."""
    cells = [
        (
            row.space,
            each.version,
            _moment(each.at),
            _name(each.by),
            "yes" if each.verified else "no",
            each.state,
            each.back_from or "-",
        )
        for row in rows
        for each in row.releases
    ]
    return [line.rstrip() for line in aligned([HISTORY, *cells])] if cells else []


def _cells(row: Row) -> tuple[str, ...]:
    runs = bool(row.version or row.wanted)
    return (
        row.app,
        row.space,
        row.version or "-",
        _moment(row.since),
        _name(row.by),
        ("yes" if row.verified else "no") if runs else "-",
        f"{row.ready}/{row.wanted}" if runs else "-",
    )


def _moment(time: str) -> str:
    """2026-11-23T05:00:00Z to the minute; it is UTC."""
    return f"{time[:10]} {time[11:16]}Z" if len(time) > 16 else time or "-"


def _name(by: str) -> str:
    return (by if len(by) <= _WIDEST_NAME else f"{by[: _WIDEST_NAME - 1]}…") or "-"
