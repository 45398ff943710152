"""The platform's namespaces as somebody looks after them on a cluster that the pipeline does not provision.

A ServiceAccount for each namespace, which may do there what role.yaml says; Secrets, ConfigMaps and Roles by
the templates that the sandbox provisions from; databases and buckets where two pods have to share them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import connect
from toolkit.cluster.release import provision
from toolkit.objects import manifests
from toolkit.settings.config import Config
from toolkit.settings.model import App, Ref
from toolkit.settings.model import Cluster as Model

from tests.kubernetes.asking import Object
from tests.kubernetes.backing import stores
from tests.kubernetes.cluster import ROLE, Cluster, Home

CLUSTER = "cloud-platform"
"""Of apps.toml: the one whose credentials are a token for each namespace."""
BACKING = "ring-backing"
RELATIONAL = ("submitter", "user-datastore", "publisher")
BUCKETS = "user-filestore"
COLLABORATORS = {
    "SUBMITTER_URL": "submitter",
    "USER_DATASTORE_URL": "user-datastore",
    "USER_FILESTORE_URL": "user-filestore",
    "WEBHOOK_ROOT_URL": "outbox",
}
"""What the runner's forms talk to in another namespace than their own."""


class Spot(NamedTuple):
    """An app in one of its spaces."""

    app: App
    environment: str
    space: str

    @property
    def namespace(self) -> str:
        return self.app.namespace_in(self.space)


def spots(config: Config) -> Iterator[Spot]:
    """Every app in every space that it has."""
    for app in config.apps.values():
        for environment in config.environments:
            for space in app.spaces_in(config.place(environment)):
                yield Spot(app, environment, space)


class Platform:
    """The namespaces of every app, their accounts, and what the apps find in them."""

    def __init__(self, cluster: Cluster, root: Path) -> None:
        self.cluster, self.root = cluster, root
        self.config = Config.load(root / "apps.toml")
        self.spots = list(spots(self.config))
        self.namespaces = sorted({spot.namespace for spot in self.spots})
        self.homes: dict[str, Home] = {}

    def make(self) -> None:
        """Make all of it."""
        self.homes = {name: self.cluster.make_namespace(name) for name in self.namespaces}
        for owner, names in self._shared().items():
            for name in names:
                self.cluster.bind(owner, name, ROLE)
        self.cluster.make_namespace(BACKING)
        databases = [_database(spot) for spot in self.spots if spot.app.name in RELATIONAL]
        buckets = [_bucket(spot) for spot in self.spots if spot.app.name == BUCKETS]
        addresses = stores.bring_up(self.cluster, BACKING, databases, buckets)
        for spot in self.spots:
            self._settings(spot, addresses)
        for name in self._in_order():
            for spot in (spot for spot in self.spots if spot.app.name == name):
                self._fixtures(spot)

    def remove(self) -> None:
        """Take all of it away."""
        self.cluster.remove_namespaces([*self.namespaces, BACKING])

    def variables(self) -> dict[str, str]:
        """What `CLUSTER=cloud-platform` reads: an address, a registry, and a token for each namespace."""
        tokens = {self._variable(spot): self.homes[owner].token for spot, owner in self._owners()}
        return {**self.cluster.variables(), **tokens}

    def _in_order(self) -> list[str]:
        """The apps, those that others need before them: the runner's fixtures hold keys of theirs."""
        found: list[str] = []

        def add(name: str) -> None:
            for needed in self.config.app(name).needs:
                add(needed)
            if name not in found:
                found.append(name)

        for name in self.config.apps:
            add(name)
        return found

    def _variable(self, spot: Spot) -> str:
        token = self.config.clusters[CLUSTER].token
        assert token is not None
        return token.name(spot.space)

    def _owners(self) -> list[tuple[Spot, str]]:
        """Whose account a spot is reached with: that of the first namespace which its variable is for."""
        owners: dict[str, str] = {}
        return [(spot, owners.setdefault(self._variable(spot), spot.namespace)) for spot in self.spots]

    def _shared(self) -> dict[str, set[str]]:
        """The namespaces that are reached with the account of another one."""
        shared: dict[str, set[str]] = {}
        for spot, owner in self._owners():
            if spot.namespace != owner:
                shared.setdefault(owner, set()).add(spot.namespace)
        return shared

    def _settings(self, spot: Spot, addresses: dict[str, str]) -> None:
        """What differs from the sandbox: where data is, and how forms find what is in another namespace."""
        name, space, home = spot.app.name, spot.space, spot.namespace
        if name in RELATIONAL:
            url = f"postgresql://fb@{addresses['postgres']}/{_database(spot)}"
            self._secret(home, f"fb-{name}-database-{space}", {"url": url})
        if name == BUCKETS:
            settings = {
                "OBJECT_STORE": f"s3://{_bucket(spot)}",
                "AWS_ENDPOINT_URL": f"http://{addresses['objects']}",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "ring",
                "AWS_SECRET_ACCESS_KEY": "ring-has-none",
            }
            self._secret(home, f"fb-{name}-storage-{space}", settings)
        if name == "runner":
            others = {key: self.config.app(other) for key, other in COLLABORATORS.items()}
            data = {
                key: f"http://{other.service_in(space)}.{other.namespace_in(space)}"
                for key, other in others.items()
                if other.goes_to(spot.environment)
            }
            self.cluster.apply(
                {**_object("ConfigMap", home, f"fb-runner-collaborators-{space}"), "data": data}
            )

    def _secret(self, namespace: str, name: str, data: dict[str, str]) -> None:
        self.cluster.apply({**_object("Secret", namespace, name), "stringData": data})

    def _fixtures(self, spot: Spot) -> None:
        """What is not there yet of what the sandbox would be provisioned with."""
        model = Model("ring", "docker", kubeconfig=Ref("KUBERNETES_TEST_CONFIG"))
        connection = connect(model, spot.space, self.root)
        given = manifests.values(spot.app, spot.space, spot.environment, {}, version="", commit="")
        space = Space(spot.space, lambda _: None, threading.Event())
        provision.fixtures(connection, spot.app, given, space)


def _object(kind: str, namespace: str, name: str) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}}


def _database(spot: Spot) -> str:
    return f"{spot.app.name}_{spot.space}".replace("-", "_")


def _bucket(spot: Spot) -> str:
    return f"uploads-{spot.space}"
