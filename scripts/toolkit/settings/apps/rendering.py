"""apps.<name>.chart and .kustomize: manifests that another program renders, and what it is given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Any, NamedTuple

from toolkit.settings.tables.fields import Fields, name_error, nearest
from toolkit.settings.tables.secrets import Secrets

SOURCES = ("manifests", "chart", "kustomize", "restart")
"""What an app may be made of: one of them."""
WORDS = ("app", "environment", "space", "namespace", "service", "version", "commit")
PARTS = ("repository", "digest", "hex")
"""Parts of an image's reference: {image.api.repository} and its like."""
PLACEHOLDER = re.compile(r"(?<!\{)\{([a-z][\w.-]*)\}(?!\})")
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Rendering(NamedTuple):
    """What renders an app's objects in place of the pipeline's own templates.

    kind: "chart" or "kustomize"; place: its folder, relative to the app; values: files of values, relative to
    the chart or below {secrets}; set: values of the configuration itself. All texts may have placeholders.
    """

    kind: str
    place: str
    values: tuple[str, ...] = ()
    set: Mapping[str, Any] = NOTHING
    secrets: Secrets | None = None

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that it is read from, as far as they are the same everywhere."""
        return (PLACEHOLDER.split(self.place)[0] or ".",)


def rendering(fields: Fields, secrets: Mapping[str, Secrets]) -> Rendering | None:
    """The keys of an app's table; None for templates of the pipeline's own. Before images are read."""
    named = [key for key in SOURCES if fields.has(key)]
    if len(named) > 1:
        words = " and ".join(f"`{key}`" for key in named)
        raise fields.error("", f"says {words}: an app is made of one of {', '.join(SOURCES)}")
    kind = named[0] if named and named[0] in ("chart", "kustomize") else ""
    for key in () if kind == "chart" else ("values", "set", "secrets"):
        if fields.has(key):
            raise fields.error(key, "is of a `chart`, which is missing")
    if not kind:
        fields.texts("values")  # known, though not here: what is nearest to a slip of the keys
        return None
    found = Rendering(
        kind,
        fields.take(kind, str),
        fields.texts("values"),
        fields.take("set", dict, {}),
        _secrets(fields, secrets),
    )
    images = fields.look("images")
    _check(fields, found, images if isinstance(images, dict) else {})
    return found


def _secrets(fields: Fields, secrets: Mapping[str, Secrets]) -> Secrets | None:
    name = fields.optional("secrets", str)
    if name is not None and name not in secrets:
        raise name_error(fields.origin, fields.path("secrets"), name, secrets)
    return secrets[name] if name is not None else None


def _check(fields: Fields, found: Rendering, roles: Iterable[str]) -> None:
    """Raises Misused for a placeholder that stands for nothing."""
    images = [f"image.{role}{part}" for role in roles for part in ("", *(f".{part}" for part in PARTS))]
    _known(fields, found.kind, found.place, WORDS)
    for index, text in enumerate(found.values):
        _known(fields, f"values[{index}]", text, (*WORDS, "secrets"))
        if "{secrets}" in text and found.secrets is None:
            raise fields.error(f"values[{index}]", "{secrets} is what `secrets` names, which is missing")
        if "{secrets}" in text and not text.startswith("{secrets}/"):
            raise fields.error(f"values[{index}]", "{secrets} must be its beginning: {secrets}/<file>")
    for path, value in leaves(found.set):
        key = ".".join(("set", *map(str, path)))
        if isinstance(value, str):
            _known(fields, key, value, (*WORDS, *images))
        elif isinstance(value, date | datetime | time):
            raise fields.error(key, "is a date: values are texts, numbers, true or false; quote it")


def _known(fields: Fields, key: str, text: str, known: tuple[str, ...]) -> None:
    for word in PLACEHOLDER.findall(text):
        if word not in known:
            raise fields.error(key, f'"{{{word}}}" stands for nothing{nearest(word, known)}')


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterable[tuple[tuple[str | int, ...], Any]]:
    """What stands at the ends of nested tables and lists, with its path."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from leaves(each, (*path, key))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from leaves(each, (*path, index))
    else:
        yield path, value
