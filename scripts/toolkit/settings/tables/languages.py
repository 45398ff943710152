"""[languages.<name>], and the same keys in an app's own table: the commands of what differs by language."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from toolkit.settings.tables.fields import Fields

STAGES = ("lint", "security", "unit")
Commands = tuple[tuple[str, ...], ...]


def commands(fields: Fields, inherited: Mapping[str, Commands], root: Path) -> dict[str, Commands]:
    """The commands of each stage; what a table does not say is as inherited. root is the folder of the file
    that was asked for."""
    own = {stage: fields.commands(stage) for stage in STAGES}
    return {
        **inherited,
        **{stage: _rooted(fields, stage, rows, root) for stage, rows in own.items() if rows is not None},
    }


def _rooted(fields: Fields, stage: str, rows: Commands, root: Path) -> Commands:
    """The rows of a stage: {root} in those of another file is the folder of that file."""
    folder = fields.file(stage).folder
    if folder == root:
        return rows
    return tuple(tuple(word.replace("{root}", str(folder)) for word in row) for row in rows)
