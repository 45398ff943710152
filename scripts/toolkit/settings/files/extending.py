"""Reads a configuration: its file and, by its key `extends`, the file that holds what several share."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.base.outcome import Misused
from toolkit.settings.files.merging import Layer, laid_over
from toolkit.settings.files.origin import File, Origin

KEY = "extends"


class Read(NamedTuple):
    """What a configuration says, and where each key of it is from."""

    table: dict[str, Any]
    origin: Origin


def read(file: Path) -> Read:
    """A configuration with all that it extends. Raises Misused for a file that is missing or no TOML, for a
    circle, and for an app that has a table in two of them."""
    layer = _layer(File(file.resolve(), file.name), shown=str(file), chain=())
    return Read(layer.table, Origin(layer.file, layer.others))


def _layer(file: File, *, shown: str, chain: tuple[File, ...]) -> Layer:
    """A file and all below it. chain: the files that led here, the one that was named first."""
    table = _table(file, shown, chain)
    given = table.pop(KEY, None)
    near = Layer(file, table, {})
    if given is None:
        return near
    chain = (*chain, file)
    other = _extended(given, file, chain[0].folder)
    paths = [each.path for each in chain]
    if other.path in paths:
        circle = [each.name for each in (*chain[paths.index(other.path) :], other)]
        raise Misused(
            f"{file.name}: {KEY}: goes in a circle: {' -> '.join(circle)}",
            remedy=f"remove `{KEY}` from the file that holds what the others share",
        )
    return laid_over(near, _layer(other, shown=other.name, chain=chain))


def _extended(given: object, file: File, root: Path) -> File:
    """The file that `extends` names."""
    if not isinstance(given, str) or not given or "\0" in given:
        raise Misused(
            f"{file.name}: {KEY}: must be the path of a file",
            remedy=f'{KEY} = "../platform/common.toml"',
        )
    path = Path(os.path.realpath(file.folder / given))
    return File(path, os.path.relpath(path, root))


def _table(file: File, shown: str, chain: tuple[File, ...]) -> dict[str, Any]:
    """What a file holds; its errors name the file that extends it, where one does."""
    by = f"{chain[-1].name}: {KEY}: " if chain else ""
    correct = f"correct `{KEY}`: a path is from the folder of the file that it stands in"
    try:
        return tomllib.loads(file.path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        name_it = "run this in the repository that holds apps.toml, or name it: --config"
        raise Misused(f"{by}{shown}: no such file", remedy=correct if chain else name_it) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misused(f"{file.name}: is not valid TOML: {error}") from None
    except OSError as error:
        raise Misused(
            f"{by}{shown}: cannot be read: {error.strerror}", remedy=correct if chain else ""
        ) from None
