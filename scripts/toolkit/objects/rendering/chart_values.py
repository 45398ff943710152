"""The values of a chart, merged in memory as Helm does it: its files in their order, then what `set` says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.objects.deciphering import elsewhere, values_file, veil
from toolkit.objects.rendering.values import Values
from toolkit.settings.apps.rendering import Rendering
from toolkit.settings.model import App

Json = dict[str, Any]
_SECRETS = "{secrets}/"


class Merged(NamedTuple):
    """All values, and the texts of those that came from secrets."""

    whole: Json
    hidden: frozenset[str]


def merged(app: App, how: Rendering, chart: Path, given: Values) -> Merged:
    """What the chart gets beside its own defaults. Values from secrets are masked from here on.

    Raises Misused for a file that is missing, locked or no table.
    """
    whole: Json = {}
    hidden: set[str] = set()
    public = frozenset(value for value in given.variables().values() if isinstance(value, str))
    for text in how.values:
        if not text.startswith(_SECRETS):
            whole = merge(whole, values_file.in_folder(app.name, chart, given.fill(text)))
            continue
        assert how.secrets is not None  # noqa: S101 - settings refuse {secrets} without `secrets`
        name = given.fill(text.removeprefix(_SECRETS))
        found = values_file.in_secrets(elsewhere.opened(how.secrets), name)
        hidden |= veil.register(found, public)
        whole = merge(whole, found)
    return Merged(merge(whole, given.filled(how.set)), frozenset(hidden))


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> Json:
    """Tables key by key; of all else the later one counts, and null takes a default of the chart out."""
    found = dict(under)
    for key, value in over.items():
        below = found.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        found[key] = merge(below, value) if both else value  # type: ignore[arg-type]
    return found
