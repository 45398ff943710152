"""[languages.<name>], and the same keys in an app's own table: the commands of what differs by language."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from toolkit.settings.tables.fields import Fields
from toolkit.settings.tables.rows import Row, rows

STAGES = ("lint", "security", "unit")
Commands = tuple[Row, ...]


def commands(fields: Fields, inherited: Mapping[str, Commands], root: Path) -> dict[str, Commands]:
    """The commands of each stage; what a table does not say is as inherited. root is the folder of the file
    that was asked for."""
    own = {stage: rows(fields, stage) for stage in STAGES}
    return {
        **inherited,
        **{stage: _rooted(fields, stage, said, root) for stage, said in own.items() if said is not None},
    }


def _rooted(fields: Fields, stage: str, said: Commands, root: Path) -> Commands:
    """The rows of a stage: {root} in those of another file is the folder of that file."""
    folder = fields.file(stage).folder
    if folder == root:
        return said
    return tuple(row.rooted(folder) for row in said)
