"""Reads one table of apps.toml key by key: the right type, or a sentence with the path; nothing unknown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from toolkit.base.outcome import Misused
from toolkit.settings.files.origin import File, Origin
from toolkit.settings.model import Ref, SecretKey, Suppression
from toolkit.settings.said import judging
from toolkit.settings.said.judging import Judging
from toolkit.settings.said.words import duration as duration
from toolkit.settings.said.words import nearest as nearest

T = TypeVar("T")

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
            raise self.error("", f"must be a table, not {_word(table)}")
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

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        """The value of a key, or the default when it is absent; Misused for another type or none at all."""
        value = self._pop(key)
        if value is None:
            if default is None:
                raise self.error(key, "is missing")
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(key, f"must be {_WORDS[kind]}, not {_word(value)}")
        return value

    def optional(self, key: str, kind: type[T]) -> T | None:
        """The value of a key, None when it is absent."""
        self._known.append(key)
        return self.take(key, kind) if key in self._left else None

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
                raise self.error(f"{key}[{index}]", f"must be text, not {_word(value)}")
        return tuple(values)

    def commands(self, key: str) -> tuple[tuple[str, ...], ...] | None:
        """A list of commands, each a list of words; None when absent."""
        if (rows := self.optional(key, list)) is None:
            return None
        for index, row in enumerate(rows):
            if not isinstance(row, list) or not row or not all(isinstance(word, str) for word in row):
                raise self.error(f"{key}[{index}]", 'must be a list of words, ["ruff", "check"]')
        return tuple(tuple(row) for row in rows)

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

    def suite_env(self, key: str) -> dict[str, str | SecretKey]:
        """Names to texts or { secret = "name", key = "key" }, which may also have a namespace."""
        found: dict[str, str | SecretKey] = {}
        for name, value in self.take(key, dict, {}).items():
            if isinstance(value, str):
                found[name] = value
                continue
            inner = Fields(self.origin, f"{self.path(key)}.{name}", value)
            found[name] = SecretKey(
                inner.take("secret", str), inner.take("key", str), inner.optional("namespace", str)
            )
            inner.done()
        return found

    def judge(self, key: str) -> dict[str, Judging]:
        """Kinds and objects to how they are judged."""
        found: dict[str, Judging] = {}
        for name, words in self.take(key, dict, {}).items():
            where = f'{key}."{name}"'
            if not isinstance(words, dict):
                raise self.error(where, f"must be a table, not {_word(words)}")
            try:
                judging.check_name(name)
                found[name] = judging.read(words)
                if wrong := judging.misfit(name.partition("/")[0], found[name]):
                    raise ValueError(wrong)
            except ValueError as error:
                raise self.error(where, str(error)) from None
        return found

    def images(self, key: str) -> dict[str, str]:
        """Roles to Dockerfiles."""
        images = self.take(key, dict, {})
        for role, dockerfile in images.items():
            if not isinstance(dockerfile, str):
                raise self.error(f"{key}.{role}", "must be the path of a Dockerfile")
        return images

    def suppressions(self, key: str) -> tuple[Suppression, ...]:
        """Findings that are passed over."""
        return tuple(row._suppression() for row in self.rows(key))

    def _suppression(self) -> Suppression:
        suppression = Suppression(
            self.choice("tool", ("bandit", "safety"), ""),
            self.take("id", str),
            self.take("reason", str),
            self.take("expires", date),
            self.optional("package", str),
        )
        self.done()
        return suppression

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


def _word(value: object) -> str:
    return next((word for kind, word in _WORDS.items() if type(value) is kind), type(value).__name__)
