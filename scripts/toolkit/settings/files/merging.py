"""Two tables become one: key by key, and what is nearer wins. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from toolkit.base.outcome import Misused
from toolkit.settings.files.origin import File

APPS = "apps"

Table = dict[str, Any]


class Layer(NamedTuple):
    """A file's table, with what it extends: the table, and the file of each key that is not of `file`."""

    file: File
    table: Table
    others: Mapping[str, File]


def laid_over(near: Layer, far: Layer) -> Layer:
    """`near` over `far`, which it extends.

    Tables become one at any depth, everything else of the nearer replaces. What is in the farther keeps its
    place, so that environments stay in their order; apps are what a file is about: its own come first, and
    none may be in both (raises Misused).
    """
    others: dict[str, File] = {}
    table = _merged(_apart(near, far), far.table, "", far, others)
    return Layer(near.file, table, others)


def _apart(near: Layer, far: Layer) -> Table:
    """The nearer table; Misused for an app that is in both."""
    mine, theirs = near.table.get(APPS), far.table.get(APPS)
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for name in mine:
            if name in theirs:
                where = f"{APPS}.{name}"
                raise Misused(
                    f"{near.file.name}: {where}: {_file_of(where, far).name} has a table of this app too",
                    remedy="an app has one table: remove one of the two, or call one of the apps otherwise",
                )
    return near.table


def _merged(near: Table, far: Table, where: str, layer: Layer, others: dict[str, File]) -> Table:
    made: Table = {}
    first = (near, far) if where == APPS else (far, near)
    for key in {**first[0], **first[1]}:
        path = f"{where}.{key}" if where else key
        if key not in near:
            made[key] = far[key]
            others[path] = _file_of(path, layer)
            others.update((each, file) for each, file in layer.others.items() if each.startswith(f"{path}."))
        elif isinstance(near[key], dict) and isinstance(far.get(key), dict):
            made[key] = _merged(near[key], far[key], path, layer, others)
        else:
            made[key] = near[key]
    return made


def _file_of(path: str, layer: Layer) -> File:
    """The file of a key of a layer: what says it of the key, or of a table above it."""
    while path:
        if path in layer.others:
            return layer.others[path]
        path = path.rpartition(".")[0]
    return layer.file
