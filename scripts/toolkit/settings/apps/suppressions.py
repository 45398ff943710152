"""[[apps.<name>.suppressions]]: findings that may be passed over, until a day, and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from toolkit.settings.tables.fields import Fields
from toolkit.settings.tables.rows import TOOLS, Row


class Suppression(NamedTuple):
    """A finding that lint or security passes over until a day, and why."""

    tool: str
    id: str
    reason: str
    expires: date
    package: str | None = None


def suppressions(fields: Fields, key: str, rows: Iterable[Row]) -> tuple[Suppression, ...]:
    """The rows below a key of an app's table. rows are its commands: a SARIF report may be of any tool."""
    any_tool = any(row.format == "sarif" for row in rows)
    return tuple(_suppression(row, any_tool) for row in fields.rows(key))


def _suppression(fields: Fields, any_tool: bool) -> Suppression:
    read = Suppression(
        fields.take("tool", str) if any_tool else fields.choice("tool", TOOLS, ""),
        fields.take("id", str),
        fields.take("reason", str),
        fields.take("expires", date),
        fields.optional("package", str),
    )
    fields.done()
    return read
