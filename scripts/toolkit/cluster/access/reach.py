"""Whom an app's suites talk to, what they are told, and so in which namespaces its stages work. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from toolkit.settings.config import Config
from toolkit.settings.model import App, Place, SecretKey, Suite, Where
from toolkit.settings.needed import SUITES, has_suite

PLACEHOLDER = re.compile(r"\{(\w+)(?::([\w-]+)(?:@([\w-]+))?)?\}")
"""{url}, {url:other}, {url:other@space} in the environment of a suite."""
WORDS = ("url", "internal", "proxy")
"""An app as the suite reaches it; its address in the cluster; an HTTP proxy to all Services beside it."""


class Spoken(NamedTuple):
    """An app that a suite talks to, in a space. sends: through the API server, which has to let it send;
    beside: to Services beside the app as well, which there are only once the suite runs."""

    app: App
    space: str
    sends: bool
    beside: bool = False


class Told(NamedTuple):
    """A key of a Secret in the cluster that a suite is told."""

    suite: str
    namespace: str
    secret: str
    key: str


def suites(app: App, environment: str) -> Iterator[tuple[str, Suite]]:
    """The suites that run against an app in an environment."""
    return ((kind, app.suites[kind]) for kind in SUITES if has_suite(app, kind, environment))


def spoken(config: Config, app: App, environment: str, space: str) -> list[Spoken]:
    """The apps that the suites of an app talk to or want the address of, itself among them, each once.

    An app that has an address outside is reached there. Raises Misused for one that apps.toml does not have.
    """
    found: dict[tuple[str, str], Spoken] = {}
    for _, suite in suites(app, environment):
        for value in suite.env.values():
            for word, name, where in PLACEHOLDER.findall(value) if isinstance(value, str) else ():
                other = config.app(name) if name else app
                if word not in WORDS or (word == "url" and other.url):
                    continue
                each = Spoken(other, where or space, word != "internal", word == "proxy")
                if before := found.get((other.name, each.space)):
                    each = each._replace(
                        sends=each.sends or before.sends, beside=each.beside or before.beside
                    )
                found[other.name, each.space] = each
    return list(found.values())


def told(app: App, environment: str, space: str) -> list[Told]:
    """The keys of Secrets that the suites of an app are told in a space."""
    return [
        Told(
            kind,
            (value.namespace or app.namespace).replace("{space}", space),
            value.secret.replace("{space}", space),
            value.key,
        )
        for kind, suite in suites(app, environment)
        for value in suite.env.values()
        if isinstance(value, SecretKey)
    ]


def wheres(config: Config, app: App, place: Place) -> list[Where]:
    """What credentials the stages of an app need in a place: for its own namespaces, and for those that its
    suites look into. The first is always for a namespace of its own."""
    found = []
    for space in app.spaces_in(place):
        own = app.where(space)
        environment = place.environment.name
        found += [own, *(each.app.where(each.space) for each in spoken(config, app, environment, space))]
        found += [own._replace(namespace=each.namespace) for each in told(app, environment, space)]
    return list(dict.fromkeys(found))
