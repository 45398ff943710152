"""What an app needs beside what its objects refer to: for its suites, at run time, other apps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from toolkit.cluster.access import reach
from toolkit.cluster.preflight.references import parts
from toolkit.cluster.preflight.references.reference import Reference, to
from toolkit.objects.resources import Key, key_of
from toolkit.settings.config import Config
from toolkit.settings.model import App, Place

Json = dict[str, Any]


class Demands(NamedTuple):
    """What an app needs beside what its objects refer to, and what brings it, where that is known."""

    references: tuple[Reference, ...] = ()
    remedies: Mapping[Key, str] = MappingProxyType({})


NONE = Demands()
RUN_TIME = "at run time"
NEEDS = "needs"
_NOT_DEMANDED = ("Namespace",)


def of(config: Config, app: App, place: Place, space: str, fixtures: Iterable[Json]) -> Demands:
    """All demands of an app in a space of a place. fixtures are what it would be given on a cluster that we
    provision."""
    home = app.namespace_in(space)
    made = of_fixtures(app, fixtures, home)
    told = of_suites(app, place.environment.name, space)
    command = f"make prerequisites APP={app.name} ENV={space} FORMAT=yaml prints what to create"
    remedies = dict.fromkeys([each.to for each in (*made, *told)], command)
    references = dict.fromkeys([*told, *made, *of_needs(config, app, place, space)])
    return Demands(tuple(references), {**remedies, **deploys(config, app, place, space)})


def of_suites(app: App, environment: str, space: str) -> list[Reference]:
    """The keys of Secrets that the suites of an app are told: none of them runs without."""
    return [
        Reference(to("Secret", each.secret, each.namespace), each.key, f"suite {each.suite}", app.name)
        for each in reach.told(app, environment, space)
    ]


def of_fixtures(app: App, fixtures: Iterable[Json], namespace: str) -> list[Reference]:
    """What a cluster that we provision would be given for an app: that it is there is likely to be needed."""
    found = []
    for obj in fixtures:
        key = key_of(obj, namespace)
        if key.kind not in _NOT_DEMANDED:
            keys = sorted(parts.keys_of(obj)) if key.kind in ("Secret", "ConfigMap") else []
            found += [Reference(key, part, app.name, RUN_TIME, is_certain=False) for part in keys or [""]]
    return found


def of_needs(config: Config, app: App, place: Place, space: str) -> list[Reference]:
    """The Services of the apps that it needs, where they are for a space of it; not of those that are reached
    at an address of their own."""
    found = []
    for need in map(config.app, app.needs):
        homes = need.homes(place._replace(spaces=(space,))) if not need.pending and not need.url else ()
        for home in homes:
            service = to("Service", need.service_in(home), need.namespace_in(home))
            found.append(Reference(service, "", app.name, NEEDS, is_certain=False))
    return found


def deploys(config: Config, app: App, place: Place, space: str) -> dict[Key, str]:
    """The command that brings each Service of the apps that it needs."""
    return {
        to(
            "Service", need.service_in(home), need.namespace_in(home)
        ): f"make deploy APP={need.name} ENV={home}"
        for need in map(config.app, app.needs)
        for home in need.homes(place._replace(spaces=(space,)))
    }
