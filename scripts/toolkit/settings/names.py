"""What apps, spaces and image roles may be called: names become files, make targets, labels, images."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from toolkit.base.outcome import Misused
from toolkit.settings.files.origin import Origin
from toolkit.settings.model import App, Environment
from toolkit.typed import advice
from toolkit.typed.advice import STAGES as STAGES

TARGETS = (
    *(target for target in advice.TARGETS if target not in STAGES),
    *("help", "setup", "clean", "fidelity", "test", "check", "bench", "faults", "diagram", "pins", "package"),
    *("browser", "ci-install", "test-kubernetes"),
    *("kubernetes-tools", "kubernetes-up", "kubernetes-down", "kubernetes-status", "renderers"),
)
"""What make does besides stages."""
EVERY = "all"

LONGEST = 50  # with "fb-" before it and "-release" behind it still a label, which has 63
LABEL = 63
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_RULE = "lower-case letters, digits and hyphens, a letter or digit at both ends"


def check(origin: Origin, apps: Mapping[str, App], environments: Mapping[str, Environment]) -> None:
    """Raises Misused, with the rule, for a name that could not be used everywhere."""
    for environment in environments.values():
        where = f"environments.{environment.name}"
        _require(origin, where, "an environment", environment.name, LONGEST)
        for space in environment.spaces:
            _require(origin, f"{where}.spaces", "a space", space, LONGEST)
    for app in apps.values():
        where = f"apps.{app.name}"
        _require(origin, where, "an app", app.name, LONGEST)
        _require_free(origin, app.name, apps)
        for role in app.images:
            _require(origin, f"{where}.images", "a role", role, LONGEST)
        for environment in environments.values():
            for space in app.spaces_in(environment.everywhere):
                _require(origin, f"{where}.spaces", "a space", space, LONGEST)
                _require(origin, f"{where}.namespace", "a namespace", app.namespace_in(space), LABEL)
                if app.service or not app.restart:
                    _require(origin, f"{where}.service", "a Service", app.service_in(space), LABEL)


def reserved(apps: Iterable[str]) -> set[str]:
    """The words that make has a target for, which no app can be called."""
    return {EVERY, *STAGES, *TARGETS, *(f"{stage}-{app}" for stage in STAGES for app in apps)}


def _require_free(origin: Origin, name: str, apps: Iterable[str]) -> None:
    if name in reserved(apps):
        what = "stands for every app" if name == EVERY else f"is what `make {name}` does already"
        raise Misused(
            f'{origin.name(f"apps.{name}")}: apps.{name}: an app cannot be called "{name}": that {what}',
            remedy=f"call it {name}-app, or by what it does",
        )


def _require(origin: Origin, where: str, what: str, name: str, longest: int) -> None:
    if not _NAME.fullmatch(name) or len(name) > longest:
        shown = name if len(name) <= 2 * LABEL else f"{name[:LABEL]}... ({len(name)} letters)"
        raise Misused(
            f'{origin.name(where)}: {where}: "{shown}" cannot be the name of {what}',
            remedy=f"a name has {_RULE}, and at most {longest} of them",
        )
