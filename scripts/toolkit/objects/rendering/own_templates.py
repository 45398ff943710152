"""The pipeline's own templates: the *.yaml, *.yml and *.json (each also with .j2) in <app>/<manifests>."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.base.outcome import Misused
from toolkit.objects.reading import documents, folder, whole
from toolkit.objects.reading.source import Read
from toolkit.objects.reading.templates import Templates
from toolkit.objects.rendering import hints
from toolkit.objects.rendering.program import Program
from toolkit.objects.rendering.values import Values
from toolkit.settings.model import App

PROGRAMS: tuple[Program, ...] = ()


def read(app: App, given: Values) -> Sequence[Read]:
    """The objects of the folder's templates. Raises Misused with file and line."""
    home = app.path / app.manifests
    try:
        return render_folder(home, given.variables())
    except Misused:
        hints.refuse_others(app, home)
        raise


def stamp(_app: App, _given: Values) -> object:
    """Rendering is quicker than looking whether it is needed."""
    return None


def notes(app: App) -> Sequence[str]:
    """What is in the folder and is not read. Raises Misused when there is no such folder."""
    home = app.path / app.manifests
    said = folder.sentence(home, folder.look(home))
    return [said] if said else []


def nothing(app: App) -> str:
    """No file counts."""
    return f"there is no manifest template in {app.path / app.manifests} (they are {folder.COUNTS})"


def render_folder(
    home: Path, variables: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None
) -> list[Read]:
    """Every object of the folder's templates, in order of file name, with the place it stands in.

    Raises Misused with file and line, in which nothing is quoted that may be a Secret's.
    """
    templates = Templates(home, variables, functions)
    found: list[Read] = []
    for file in folder.look(home).manifests:
        for place, document in documents.read(templates.source(file)):
            found += whole.objects(place, document)
    return found
