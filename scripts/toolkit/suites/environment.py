"""What a suite is told: where apps are, and secrets out of the cluster."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from contextlib import ExitStack
from types import MappingProxyType

from toolkit.base.outcome import Failed, Misused
from toolkit.base.tools import Secret
from toolkit.cluster.access.reach import PLACEHOLDER, WORDS
from toolkit.cluster.api.connection import Connection, connect
from toolkit.health.healthcheck import NotDeployed
from toolkit.objects.fields import mapping, text
from toolkit.objects.resources import built_in
from toolkit.settings.model import App, SecretKey, Suite, Where
from toolkit.settings.request import Request
from toolkit.suites import gateway


def environment_of(
    request: Request,
    connection: Connection,
    suite: Suite,
    space: str,
    stack: ExitStack,
    words: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """The suite's environment: placeholders filled in, secrets read from the cluster, gateways opened.

    words: what stands for others that a command knows.
    """
    opened: dict[tuple[str, str], str] = {}
    connections = {request.cluster.credential(request.app.where(space)): connection}

    def connected(where: Where) -> Connection:
        key = request.cluster.credential(where)
        if key not in connections:
            connections[key] = connect(request.cluster, where, request.root)
        return connections[key]

    def url(other: App, where: str) -> str:
        if (other.name, where) not in opened:
            if other.url:
                opened[other.name, where] = other.url.replace("{space}", where).rstrip("/")
            else:
                _service(connected(other.where(where)), other, where)
                home, service = other.namespace_in(where), other.service_in(where)
                opened[other.name, where] = stack.enter_context(
                    gateway.opened(connected(other.where(where)), home, service, other.port)
                )
        return opened[other.name, where]

    def proxy(other: App, where: str) -> str:
        home = other.namespace_in(where)
        if (home, "") not in opened:
            _service(connected(other.where(where)), other, where)
            opened[home, ""] = stack.enter_context(gateway.opened_to_all(connected(other.where(where)), home))
        return opened[home, ""]

    def fill(found: re.Match[str]) -> str:
        word, name, where = found.groups()
        if word == "space" and name is None:
            return space
        if name is None and word in words:
            return words[word]
        if word not in WORDS:
            raise Misused(f"apps.{request.app.name}.suites: {found.group(0)} is not a known placeholder")
        other, where = request.config.app(name) if name else request.app, where or space
        if word == "url":
            return url(other, where)
        if word == "proxy":
            return proxy(other, where)
        service = _service(connected(other.where(where)), other, where)
        return f"http://{text(service, 'spec', 'clusterIP')}:{other.port}"

    # The gateway is on this machine: no proxy may be asked for it.
    local = ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1", "localhost")))
    filled = {"NO_PROXY": local, "no_proxy": local}
    for variable, value in suite.env.items():
        if isinstance(value, SecretKey):
            secret = value.secret.replace("{space}", space)
            home = (value.namespace or request.app.namespace).replace("{space}", space)
            held = connected(request.app.where(space)._replace(namespace=home))
            filled[variable] = secret_of(held, home, secret, value.key).reveal()
        else:
            filled[variable] = PLACEHOLDER.sub(fill, value)
    return filled


def secret_of(connection: Connection, namespace: str, name: str, key: str) -> Secret:
    """One key of a Secret in the cluster. Raises Failed, naming both, when it is not there."""
    found = connection.find(built_in("Secret").path(namespace, name))
    encoded = mapping(found, "data").get(key)
    if not isinstance(encoded, str):
        missing = f"has no key {key}" if found else "does not exist"
        raise Failed(f"the Secret {name} in {namespace} {missing}; the suite needs it")
    return Secret(base64.b64decode(encoded).decode("utf-8", "replace"))


def _service(connection: Connection, app: App, space: str) -> dict[str, object]:
    service = connection.find(built_in("Service").path(app.namespace_in(space), app.service_in(space)))
    if service is None:
        raise NotDeployed(app, space)
    return service
