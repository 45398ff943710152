"""The programs that the rows of a stage start: for a stage before it starts one, and for who looks ahead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.checks import programs
from toolkit.checks.stages import table

if TYPE_CHECKING:
    from toolkit.settings.model import App, Row


def of(app: App, row: Row) -> Iterator[str]:
    """The program of a row as it is looked up; none for what the toolkit brings along.

    Of `bundle exec x` that is bundle: Bundler alone knows of the others.
    """
    name = table.named(row.words)
    if not name:
        if "{" not in row.words[0] and row.words != ("pytest",):
            yield row.words[0]
        return
    if command := table.adapter(name).command:
        from toolkit.checks.adapter import Asked

        yield command(Asked(app.path, Path("report"), dockerfiles(app)))[0]


def require(app: App, stage: str) -> None:
    """Raises Misused with the name of the first program of the stage that is missing, and how it is got."""
    for row in app.commands.get(stage, ()):
        for program in of(app, row):
            programs.require(program, app.path)


def dockerfiles(app: App) -> tuple[str, ...]:
    """The Dockerfiles of the images that are built for the app, below its folder, each once."""
    return tuple(dict.fromkeys(each.dockerfile for each in app.images.values() if not each.image))
