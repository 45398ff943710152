"""Reads one table of apps.toml key by key: the right type, or a sentence with the path; nothing unknown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from toolkit.base.files import HOME
from toolkit.base.outcome import Misused
from toolkit.ci.repositories.remote import Remote
from toolkit.settings.files.origin import File, Origin
from toolkit.settings.said.words import duration as duration
from toolkit.settings.said.words import nearest as nearest
from toolkit.settings.tables.refs import Ref

T = TypeVar("T")

NOT_YET = "checkouts/not checked out"
_WORDS: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    list: "a list",
    dict: "a table",
    date: "a date (2027-01-31)",
}


class Fields:
    """One table. Each read takes its key away; `done` refuses what is left."""

    def __init__(self, origin: Origin, where: str, table: object) -> None:
        self.origin = origin
        self.where = where
        if not isinstance(table, dict):
            raise self.error("", f"must be a table, not {word_of(table)}")
        self._given = frozenset(table)
        self._left: dict[str, Any] = dict(table)
        self._known: list[str] = []

    @classmethod
    def alone(cls, file: Path, where: str, table: object) -> Fields:
        """A table of a file that extends none."""
        return cls(Origin.alone(file), where, table)

    def error(self, key: str, problem: str) -> Misused:
        """The error for a key of this table, with file and path."""
        path = self.path(key)
        return Misused(f"{self.origin.name(path)}: {path or 'the file'}: {problem}")

    def path(self, key: str) -> str:
        """The path of a key of this table in the file."""
        return ".".join(part for part in (self.where, key) if part)

    def file(self, key: str) -> File:
        """The file that a key of this table is from."""
        return self.origin.of(self.path(key))

    def left(self) -> list[str]:
        """The keys that were not read yet."""
        return list(self._left)

    def look(self, key: str) -> Any:
        """What the table says of a key, whatever it is, to choose its reader; None when it says nothing."""
        return self._left.get(key)

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        """The value of a key, or the default when it is absent; Misused for another type or none at all."""
        value = self._pop(key)
        if value is None:
            if default is None:
                raise self.error(key, "is missing")
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(key, f"must be {_WORDS[kind]}, not {word_of(value)}")
        return value

    def optional(self, key: str, kind: type[T]) -> T | None:
        """The value of a key, None when it is absent."""
        self._known.append(key)
        return self.take(key, kind) if key in self._left else None

    def has(self, key: str) -> bool:
        """Whether the table as it was given says something of a key."""
        return key in self._given

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        """One of a few words."""
        value = self.take(key, str, default)
        if value not in choices:
            raise self.error(key, f'"{value}" is not one of {", ".join(choices)}{nearest(value, choices)}')
        return value

    def seconds(self, key: str, default: str) -> float:
        """A duration such as "90s", "3m" or "1h30m", in seconds."""
        text = self.take(key, str, default)
        value = duration(text)
        if value is None:
            raise self.error(key, f'"{text}" is not a duration; write "30s", "3m", "1h30m" or "60d"')
        return value

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts."""
        values = self.take(key, list, list(default))
        for index, value in enumerate(values):
            if not isinstance(value, str):
                raise self.error(f"{key}[{index}]", f"must be text, not {word_of(value)}")
        return tuple(values)

    def ref(self, key: str) -> Ref | None:
        """{ env = "NAME" }, or None when absent."""
        value = self._pop(key)
        return None if value is None else self._ref(key, value)

    def ref_or_text(self, key: str) -> Ref | str | None:
        """{ env = "NAME" } or a text, or None when absent."""
        value = self._pop(key)
        return value if value is None or isinstance(value, str) else self._ref(key, value)

    def _ref(self, key: str, value: object) -> Ref:
        if not isinstance(value, dict) or set(value) != {"env"} or not isinstance(value["env"], str):
            raise self.error(key, 'must name an environment variable: { env = "NAME" }')
        return Ref(value["env"])

    def remote(self, key: str, ref_key: str) -> Remote | None:
        """A repository, as text or { env = "NAME" }, and the ref of it that another key names."""
        value, ref = self.ref_or_text(key), self.optional(ref_key, str)
        if value is None:
            if ref is not None:
                raise self.error(ref_key, f"is of a `{key}`, which is missing")
            return None
        if ref is None:
            raise self.error(ref_key, "is missing: a branch, a tag or a commit of the repository")
        named = value.env if isinstance(value, Ref) else ""
        address = value.text() if isinstance(value, Ref) else value
        remote = Remote.of(address, ref, self.file(key).folder, named)
        return remote._replace(where=f"{self.file(key).name}: {self.path(key)}")

    def folder(self, key: str, given: str, root: Path, remote: Remote | None) -> Path:
        """A folder, from where its file is or from anywhere, without links: it belongs to where it lies.

        One in a repository elsewhere may not leave it; it is nowhere until that is checked out, below `root`.
        """
        if "\0" in given:
            raise self.error(key, "must not hold a NUL character")
        file = self.file(key)
        top = root / HOME / NOT_YET if remote else file.top
        path = Path(os.path.realpath((top if remote and top else file.folder) / given))
        if top and not path.is_relative_to(os.path.realpath(top)):
            raise self.error(key, f'"{given}" leaves the repository that it is in')
        return path

    def tables(self, key: str) -> list[tuple[str, Fields]]:
        """The tables below a key, by name, in the order of the file."""
        whole = self.take(key, dict, {})
        return [
            (name, Fields(self.origin, f"{self.path(key)}.{name}", value)) for name, value in whole.items()
        ]

    def rows(self, key: str) -> list[Fields]:
        """The tables of a list of tables ([[key]])."""
        rows = self.take(key, list, [])
        return [Fields(self.origin, f"{self.path(key)}[{index}]", row) for index, row in enumerate(rows)]

    def done(self) -> None:
        """Refuse the keys that nobody asked for, with the nearest that somebody did."""
        for key in self._left:
            raise self.error(key, f"unknown{nearest(key, self._known)}")

    def _pop(self, key: str) -> Any:
        self._known.append(key)
        return self._left.pop(key, None)


def name_error(origin: Origin, where: str, word: str, known: Mapping[str, object]) -> Misused:
    """The error for a name that is referred to and not defined."""
    return Misused(
        f'{origin.name(where)}: {where}: "{word}" is not defined{nearest(word, known)}',
        remedy=f"defined are: {', '.join(known) or 'none'}",
    )


def word_of(value: object) -> str:
    """What a value is, in a word."""
    return next((word for kind, word in _WORDS.items() if type(value) is kind), type(value).__name__)
