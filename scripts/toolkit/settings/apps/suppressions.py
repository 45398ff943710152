"""[[apps.<name>.suppressions]]: findings that may be passed over, until a day, and why."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from toolkit.settings.tables.fields import Fields


class Suppression(NamedTuple):
    """A finding that the security stage passes over until a day, and why."""

    tool: str
    id: str
    reason: str
    expires: date
    package: str | None = None


def suppressions(fields: Fields, key: str) -> tuple[Suppression, ...]:
    """The rows below a key of an app's table."""
    return tuple(_suppression(row) for row in fields.rows(key))


def _suppression(fields: Fields) -> Suppression:
    read = Suppression(
        fields.choice("tool", ("bandit", "safety"), ""),
        fields.take("id", str),
        fields.take("reason", str),
        fields.take("expires", date),
        fields.optional("package", str),
    )
    fields.done()
    return read
