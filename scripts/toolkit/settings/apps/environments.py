"""apps.<name>.environments: where an app goes, and by which rules of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from toolkit.settings.tables.environments import Environment, Policy, policy
from toolkit.settings.tables.fields import Fields, name_error


class Going(NamedTuple):
    """The environments that an app goes to, none for all; and the rules of those where it has its own."""

    names: tuple[str, ...]
    rules: Mapping[str, Policy]


def names(fields: Fields, key: str, environments: Mapping[str, Environment]) -> tuple[str, ...]:
    """A list of environments."""
    found = fields.texts(key)
    for name in found:
        if name not in environments:
            raise name_error(fields.origin, fields.path(key), name, environments)
    return found


def going(fields: Fields, key: str, environments: Mapping[str, Environment]) -> Going:
    """A list of environments, or a table of them: rules in place of the environment's own, false for one that
    the app does not go to. One that the table does not name is as for any app."""
    if not isinstance(fields.look(key), dict):
        return Going(names(fields, key, environments), {})
    said: dict[str, Any] = fields.take(key, dict)
    rules: dict[str, Policy] = {}
    for name, value in said.items():
        if name not in environments:
            raise name_error(fields.origin, f"{fields.path(key)}.{name}", name, environments)
        if value is False:
            continue
        if not isinstance(value, dict):
            raise fields.error(f"{key}.{name}", "must be a table of rules, or false")
        inner = Fields(fields.origin, f"{fields.path(key)}.{name}", value)
        rules[name] = policy(inner, environments[name].usual)
        inner.done()
    out = {name for name, value in said.items() if value is False}
    left = tuple(name for name in environments if name not in out)
    if not left:
        raise fields.error(key, "leaves no environment that the app goes to")
    return Going(left if out else (), rules)
