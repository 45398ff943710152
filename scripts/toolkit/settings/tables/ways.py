"""[languages.<name>] and an app's own table: what its commands need before they can run, and around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from toolkit.settings.tables.fields import Fields, word_of

Words = tuple[str, ...]
PREPARE_SECONDS = 900.0
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NONE: Mapping[str, str] = MappingProxyType({})


class Service(NamedTuple):
    """What unit tests need beside them. start runs as long as it serves, or, with stop, may come back;
    ready ends with 0 once it serves; deadline is for that, in seconds."""

    start: Words
    ready: Words = ()
    stop: Words = ()
    env: Mapping[str, str] = _NONE
    deadline: float = 30.0


class Ways(NamedTuple):
    """How code is made ready. prepare: commands, run once for the content of the lockfiles, which are
    relative to the folder that is prepared; env: for all commands; services: for unit tests; suite: the
    command of suites that name none."""

    prepare: tuple[Words, ...] = ()
    lockfiles: Words = ()
    env: Mapping[str, str] = _NONE
    services: Mapping[str, Service] = MappingProxyType({})
    suite: Words = ()

    @property
    def seconds(self) -> float:
        """How long preparing may take: what runs such commands has that much more time."""
        return PREPARE_SECONDS if self.prepare else 0.0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do before a command, or around it."""
        return not (self.prepare or self.env or self.services)


def ways(fields: Fields, inherited: Ways, root: Path) -> Ways:
    """Those of a table; what it does not say is as inherited, and env and services are joined by their
    names; a variable that is false is none of its own.
    root is the folder of the file that was asked for."""
    prepare = _commands(fields, "prepare")
    lockfiles = fields.optional("lockfiles", list)
    services = {name: _service(each) for name, each in fields.tables("services")}
    suite = _words(fields, "suite")
    env, dropped = _env(fields)
    own = _rooted(fields, Ways(prepare or (), (), env, services, suite), root)
    kept = {name: value for name, value in inherited.env.items() if name not in dropped}
    whole = Ways(
        inherited.prepare if prepare is None else own.prepare,
        inherited.lockfiles if lockfiles is None else _texts(fields, "lockfiles", lockfiles),
        {**kept, **own.env},
        {**inherited.services, **own.services},
        own.suite or inherited.suite,
    )
    if whole.prepare and not whole.lockfiles:
        problem = 'is missing: the files that `prepare` depends on, lockfiles = ["Gemfile.lock"]'
        raise fields.error("lockfiles", problem)
    return whole


def _service(fields: Fields) -> Service:
    service = Service(
        _words(fields, "start"),
        _words(fields, "ready"),
        _words(fields, "stop"),
        _env(fields)[0],
        fields.seconds("deadline", "30s"),
    )
    if not service.start:
        raise fields.error(
            "start", 'is missing: the command that runs it, ["redis-server", "--port", "{port}"]'
        )
    fields.done()
    return service


def _words(fields: Fields, key: str) -> Words:
    """One command, () where there is none."""
    given = fields.optional(key, list)
    return () if given is None else _command(fields, key, given)


def _commands(fields: Fields, key: str) -> tuple[Words, ...] | None:
    given = fields.optional(key, list)
    return (
        None
        if given is None
        else tuple(_command(fields, f"{key}[{at}]", row) for at, row in enumerate(given))
    )


def _command(fields: Fields, key: str, given: object) -> Words:
    if not isinstance(given, list) or not given or not all(isinstance(word, str) for word in given):
        raise fields.error(key, 'must be a command as a list of words, ["npm", "ci"]')
    if any("\0" in word for word in given):
        raise fields.error(key, "must not hold a NUL character")
    return tuple(given)


def _texts(fields: Fields, key: str, given: list[object]) -> Words:
    for at, each in enumerate(given):
        if not isinstance(each, str) or not each or "\0" in each:
            raise fields.error(f"{key}[{at}]", "must be the path of a file, from the folder that is prepared")
    return tuple(str(each) for each in given)


def _env(fields: Fields) -> tuple[dict[str, str], list[str]]:
    """Variables, and those that are said to be none."""
    given = fields.take("env", dict, {})
    for name, value in given.items():
        key = f"env.{name}"
        if not _VARIABLE.fullmatch(name):
            raise fields.error(key, "cannot be the name of a variable: letters, digits and _")
        if not isinstance(value, str) and value is not False:
            raise fields.error(key, f"must be text, not {word_of(value)}")
        if value and "\0" in value:
            raise fields.error(key, "must not hold a NUL character")
    dropped = [name for name, value in given.items() if value is False]
    return {name: value for name, value in given.items() if value is not False}, dropped


def _rooted(fields: Fields, read: Ways, root: Path) -> Ways:
    """{root} in what another file says is the folder of that file."""

    def of(key: str) -> Callable[[str], str]:
        folder = fields.file(key).folder
        return (lambda text: text) if folder == root else lambda text: text.replace("{root}", str(folder))

    def words(given: Words, key: str) -> Words:
        return tuple(map(of(key), given))

    def env(given: Mapping[str, str], key: str) -> dict[str, str]:
        return {name: of(f"{key}.{name}")(value) for name, value in given.items()}

    services = {
        name: Service(
            words(each.start, f"services.{name}.start"),
            words(each.ready, f"services.{name}.ready"),
            words(each.stop, f"services.{name}.stop"),
            env(each.env, f"services.{name}.env"),
            each.deadline,
        )
        for name, each in read.services.items()
    }
    prepare = tuple(words(row, "prepare") for row in read.prepare)
    return Ways(prepare, read.lockfiles, env(read.env, "env"), services, words(read.suite, "suite"))
