"""[apps.<name>.suites.<kind>]: what is run against a deployed app."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from toolkit.ci.repositories.remote import Remote
from toolkit.settings.tables.fields import Fields, name_error, nearest
from toolkit.settings.tables.refs import SecretKey

KINDS = ("smoke", "acceptance")
FORMATS = ("junit", "tap")
WORDS = ("report", "path", "space", "workers", "reports", "root", "python", "app_python")
"""What may stand in braces in the command of a suite."""
REPORT = "{report}"
_PLACEHOLDER = re.compile(r"(?<!\$)\{([a-z_]+)\}")
Words = tuple[str, ...]


class Suite(NamedTuple):
    """A suite that is run against a deployed app, and the environment that it gets: pytest files, or what a
    command runs, which leaves a report of this format where it says {report}.

    repository: where its code is, if that is elsewhere; path is in it, else in the app's folder. language: of
    which its code is, and so how it is made ready; "" for the app's.
    """

    path: str
    workers: int = 1
    deadline: float = 300.0
    environments: tuple[str, ...] = ()
    env: Mapping[str, str | SecretKey] = MappingProxyType({})
    command: Words = ()
    format: str = "junit"
    language: str = ""
    repository: Remote | None = None


def suite(
    kind: str,
    fields: Fields,
    environments: Callable[[Fields], tuple[str, ...]],
    language: str = "",
    commands: Mapping[str, Words] = MappingProxyType({}),
) -> Suite:
    """[apps.<name>.suites.<kind>]; environments reads the names of those that it is meant for.

    language is the app's; commands: every language, and the command of suites in it, () where it names none.
    """
    if kind not in KINDS:
        raise fields.error("", f"unknown suite{nearest(kind, KINDS)}")
    own = fields.take("language", str, "")
    if own and own not in commands:
        raise name_error(fields.origin, fields.path("language"), own, commands)
    remote = fields.remote("repository", "ref")
    command = _command(fields, "command") or commands.get(own or language, ())
    path = fields.optional("path", str)
    has_place = not command or any("{path}" in word for word in command)
    read = Suite(
        path=path if path is not None else _usual_path(kind, remote, has_place),
        workers=fields.take("workers", int, 1),
        deadline=fields.seconds("deadline", "5m"),
        environments=environments(fields),
        env=_env(fields, "env"),
        command=command,
        format=fields.choice("format", FORMATS, "junit"),
        language=own,
        repository=remote,
    )
    fields.done()
    _check(fields, read)
    if remote:
        fields.folder("path", read.path, fields.file("path").folder, remote)
    return read


def _usual_path(kind: str, remote: Remote | None, has_place: bool) -> str:
    return "." if remote or not has_place else f"tests/{kind}"


def _command(fields: Fields, key: str) -> Words:
    """The command, {root} in it filled in; () where the table has none."""
    words = fields.texts(key)
    if not words:
        if fields.has(key):
            raise fields.error(key, "must not be empty: leave it out for pytest")
        return ()
    if any("\0" in word for word in words):
        raise fields.error(key, "must not hold a NUL character")
    folder = str(fields.file(key).folder)
    return tuple(word.replace("{root}", folder) for word in words)


def _check(fields: Fields, read: Suite) -> None:
    """Raises Misused for a suite of which nobody would know how it ended."""
    if not read.command:
        if read.format != "junit":
            raise fields.error("format", f'"{read.format}" is of a `command`, which is missing')
        return
    for name in _PLACEHOLDER.findall(" ".join(read.command)):
        if name not in WORDS:
            raise fields.error("command", f"{{{name}}} is not a known placeholder{nearest(name, WORDS)}")
    said = [*read.command, *(value for value in read.env.values() if isinstance(value, str))]
    if read.format == "junit" and not any(REPORT in word for word in said):
        raise fields.error(
            "command",
            f"has no {REPORT}: that is where it, or a variable of env, is told to leave its JUnit XML",
        )


def _env(fields: Fields, key: str) -> dict[str, str | SecretKey]:
    """Names to texts or { secret = "name", key = "key" }, which may also have a namespace."""
    found: dict[str, str | SecretKey] = {}
    for name, value in fields.take(key, dict, {}).items():
        if isinstance(value, str):
            found[name] = value
            continue
        inner = Fields(fields.origin, f"{fields.path(key)}.{name}", value)
        found[name] = SecretKey(
            inner.take("secret", str), inner.take("key", str), inner.optional("namespace", str)
        )
        inner.done()
    return found
