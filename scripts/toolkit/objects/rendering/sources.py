"""The table of sources, and what was rendered already: a deployment asks several times for the same."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol, cast

from toolkit.objects.reading.source import Read
from toolkit.objects.rendering.program import Program
from toolkit.objects.rendering.unlocking_programs import of_secrets
from toolkit.objects.rendering.values import Values
from toolkit.settings.model import App

# The kind of a rendering to the module that knows it; only what an app uses is loaded.
_MODULES = {"": "own_templates", "chart": "chart", "kustomize": "overlay"}


class Source(Protocol):
    """A way to write manifests."""

    PROGRAMS: tuple[Program, ...]

    def read(self, app: App, given: Values) -> Sequence[Read]:
        """The objects, in order, each with the place it stands in. Raises Misused."""
        ...

    def stamp(self, app: App, given: Values) -> object:
        """What tells that files changed since they were rendered; None for what is not to be kept."""
        ...

    def notes(self, app: App) -> Sequence[str]:
        """What is to be said of what was rendered of this app."""
        ...

    def nothing(self, app: App) -> str:
        """The sentence for no object at all."""
        ...


_kept: dict[object, Sequence[Read]] = {}
_turns: dict[object, threading.Lock] = {}
_lock = threading.Lock()


def source_of(app: App) -> Source:
    """The source that an app is rendered from."""
    kind = app.rendering.kind if app.rendering else ""
    module: Any = import_module(f"toolkit.objects.rendering.{_MODULES[kind]}")
    return cast("Source", module)


def read(app: App, given: Values) -> list[Read]:
    """The app's objects with their places: to be changed at will, rendered once for the same values.

    Spaces may ask side by side. Raises Misused.
    """
    source = source_of(app)
    stamp = source.stamp(app, given)
    if stamp is None:
        return list(source.read(app, given))
    words = tuple(sorted((key, repr(value)) for key, value in vars(given).items()))
    key = (app.name, app.path, repr(app.rendering), words, stamp)
    with _lock:
        turn = _turns.setdefault(key, threading.Lock())
    with turn:
        if key not in _kept:
            _kept[key] = source.read(app, given)
        return [Read(place, copy.deepcopy(obj)) for place, obj in _kept[key]]


def programs(app: App) -> tuple[Program, ...]:
    """The programs that the app's objects are rendered and its values unlocked by; none for templates."""
    found = source_of(app).PROGRAMS
    return (*found, *of_secrets(app.rendering.secrets if app.rendering else None))
