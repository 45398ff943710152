"""How the tests of tables look at one row."""

from __future__ import annotations

from typing import Any

from sandbox.api.reading.tables import table

Object = dict[str, Any]
NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z
CREATED = "2023-11-14T22:08:20Z"  # five minutes before


def row(obj: Object, *, wide: bool = False) -> dict[str, Any]:
    """Column name -> cell of one object's row."""
    shown = table(obj["kind"], [obj], NOW)
    (line,) = shown["rows"]
    return {
        column["name"]: cell
        for column, cell in zip(shown["columnDefinitions"], line["cells"], strict=True)
        if wide or not column["priority"]
    }
