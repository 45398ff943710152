"""What apps.toml must hold to as a whole: each part of it may be right, and the parts may not fit."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.base.outcome import Misused
from toolkit.settings.files.origin import Origin
from toolkit.settings.model import App, Environment
from toolkit.settings.tables.fields import name_error


def some(origin: Origin, apps: Mapping[str, App]) -> None:
    """Raises Misused for a file without an app of its own: what it extends is what its own apps share."""
    if all(app.common for app in apps.values()):
        raise Misused(
            f"{origin.name()}: apps: declares no app{' of its own' if apps else ''}",
            remedy="add a table [apps.<name>], as apps.toml of the toolkit explains it",
        )


def spaces(origin: Origin, environments: Mapping[str, Environment]) -> None:
    """Raises Misused for a space that is in two environments, or is called as one of them."""
    seen: dict[str, str] = {}
    for environment in environments.values():
        for space in environment.spaces:
            if other := seen.get(space) or (space in environments and space):
                where = f"environments.{environment.name}.spaces"
                raise Misused(f'{origin.name(where)}: {where}: "{space}" is also in {other}')
            seen[space] = f"environments.{environment.name}"


def needs(origin: Origin, apps: Mapping[str, App]) -> None:
    """Raises Misused for a need that is no app, and for apps that need each other in a circle."""
    for app in apps.values():
        for need in app.needs:
            if need not in apps:
                raise name_error(origin, f"apps.{app.name}.needs", need, apps)
        if cycle := _cycle(app.name, apps, ()):
            where = f"apps.{app.name}.needs"
            raise Misused(f"{origin.name(where)}: {where}: goes in a circle: {' -> '.join(cycle)}")


def _cycle(name: str, apps: Mapping[str, App], above: tuple[str, ...]) -> tuple[str, ...] | None:
    if name in above:
        return (*above[above.index(name) :], name)
    for need in apps[name].needs if name in apps else ():
        if found := _cycle(need, apps, (*above, name)):
            return found
    return None
