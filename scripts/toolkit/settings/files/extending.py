"""Reads a configuration: its file and, by its key `extends`, the file that holds what several share."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.base.files import HOME
from toolkit.base.outcome import Misused
from toolkit.ci.repositories import run
from toolkit.ci.repositories.remote import Remote
from toolkit.settings.files.merging import Layer, laid_over
from toolkit.settings.files.origin import File, Origin

KEY = "extends"


class Read(NamedTuple):
    """What a configuration says, and where each key of it is from.

    told: each file that is of a repository elsewhere, with its commit; variables: those that hold the address
    of one.
    """

    table: dict[str, Any]
    origin: Origin
    told: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


def read(file: Path) -> Read:
    """A configuration with all that it extends. Raises Misused for a file that is missing or no TOML, for a
    circle, and for an app that has a table in two of them."""
    main = File(file.resolve(), file.name)
    reading = _Reading(main)
    layer = reading.layer(main, str(file), ())
    origin = Origin(layer.file, layer.others)
    return Read(layer.table, origin, tuple(reading.told), tuple(reading.variables))


class _Reading:
    def __init__(self, main: File) -> None:
        self.root = main.folder
        self.told: list[str] = []
        self.variables: list[str] = []

    def layer(self, file: File, shown: str, chain: tuple[File, ...]) -> Layer:
        """A file and all below it. chain: the files that led here, the one that was named first."""
        table = _table(file, shown, chain)
        given = table.pop(KEY, None)
        near = Layer(file, table, {})
        if given is None:
            return near
        chain = (*chain, file)
        other = self._extended(given, file)
        paths = [each.path for each in chain]
        if other.path in paths:
            circle = [each.name for each in (*chain[paths.index(other.path) :], other)]
            raise Misused(
                f"{file.name}: {KEY}: goes in a circle: {' -> '.join(circle)}",
                remedy=f"remove `{KEY}` from the file that holds what the others share",
            )
        return laid_over(near, self.layer(other, other.name, chain))

    def _extended(self, given: object, file: File) -> File:
        """The file that `extends` names."""
        if isinstance(given, dict) and set(given) == {"repository", "ref", "file"}:
            return self._elsewhere(given, file)
        if not isinstance(given, str) or not given or "\0" in given:
            raise Misused(
                f"{file.name}: {KEY}: must be the path of a file, or a repository, a ref and a file in it",
                remedy=f'{KEY} = "../platform/common.toml", or {KEY} = {{ repository = "https://...", '
                'ref = "<commit or tag>", file = "common.toml" }',
            )
        path = Path(os.path.realpath(file.folder / given))
        if file.top is None:
            return File(path, os.path.relpath(path, self.root))
        if not path.is_relative_to(file.top):
            raise Misused(f'{file.name}: {KEY}: "{given}" leaves the repository that this file is in')
        _, _, where = file.name.partition(" of ")
        return File(path, f"{path.relative_to(file.top)} of {where}", file.top)

    def _elsewhere(self, given: dict[str, Any], file: File) -> File:
        """A file of a repository elsewhere, as it was at a commit."""
        where = f"{file.name}: {KEY}"
        address, ref, name = (given[key] for key in ("repository", "ref", "file"))
        variable = ""
        if isinstance(address, dict) and set(address) == {"env"} and isinstance(address["env"], str):
            variable = address["env"]
            self.variables.append(variable)
            address = os.environ.get(variable, "")
        for key, value in (("repository", address), ("ref", ref), ("file", name)):
            if not isinstance(value, str) or "\0" in value:
                raise Misused(f"{where}.{key}: must be text")
        remote = Remote.of(address, ref, file.folder, variable)
        checked = run.checkout(where, remote, self.root / HOME / run.HOME, pinned=True)
        at = f"{remote.url} at {checked.commit[:12]}"
        top = checked.folder.resolve()
        path = Path(os.path.realpath(top / name))
        if not path.is_relative_to(top):
            raise Misused(f'{where}.file: "{name}" leaves the repository {remote.url}')
        if not path.is_file():
            raise Misused(
                f"{where}: there is no file {name} in {at}", remedy="correct its `file` or its `ref`"
            )
        self.told.append(f"{name} of {at}" + ("" if remote.is_pinned else f" ({ref})"))
        return File(path, f"{name} of {at}", top)


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
