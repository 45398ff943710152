"""[apps.<name>.suites.<kind>]: what is run against a deployed app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from toolkit.settings.tables.fields import Fields, nearest
from toolkit.settings.tables.refs import SecretKey

KINDS = ("smoke", "acceptance")


class Suite(NamedTuple):
    """A suite that is run against a deployed app: pytest files, and the environment that they get."""

    path: str
    workers: int = 1
    deadline: float = 300.0
    environments: tuple[str, ...] = ()
    env: Mapping[str, str | SecretKey] = MappingProxyType({})


def suite(kind: str, fields: Fields, environments: Callable[[Fields], tuple[str, ...]]) -> Suite:
    """[apps.<name>.suites.<kind>]; environments reads the names of those that it is meant for."""
    if kind not in KINDS:
        raise fields.error("", f"unknown suite{nearest(kind, KINDS)}")
    read = Suite(
        path=fields.take("path", str, f"tests/{kind}"),
        workers=fields.take("workers", int, 1),
        deadline=fields.seconds("deadline", "5m"),
        environments=environments(fields),
        env=_env(fields, "env"),
    )
    fields.done()
    return read


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
