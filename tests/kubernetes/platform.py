"""The platform's namespaces as somebody looks after them on a cluster that the pipeline does not provision.

A ServiceAccount for each namespace, with what `make role` prints for its apps and nothing more; Secrets,
ConfigMaps and Roles by the templates that the sandbox provisions from; databases and buckets where two pods
have to share them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import connect
from toolkit.cluster.handover.roles import Granted
from toolkit.cluster.release import provision
from toolkit.objects import manifests
from toolkit.settings.config import Config
from toolkit.settings.model import App, Ref, Where
from toolkit.settings.model import Cluster as Model

from tests.kubernetes.asking import Object
from tests.kubernetes.backing import stores
from tests.kubernetes.cluster import Cluster

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
        self.tokens: dict[str, str] = {}
        """By the variable that holds it."""

    def make(self) -> None:
        """Make all of it."""
        for name in self.namespaces:
            self.cluster.make_bare_namespace(name)
        self._grant()
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
        return {**self.cluster.variables(), **self.tokens}

    def _grant(self) -> None:
        """Accounts and Roles as `make role APP=` prints them, for every app; and the tokens."""
        model = self.config.clusters[CLUSTER]
        places = [environment.everywhere for environment in self.config.environments.values()]
        for app in self.config.apps.values():
            granted = Granted(self.config, model, app, places)
            for obj in granted.objects():
                self.cluster.apply(obj)
            for namespace, account, variable in granted.tokens():
                if variable not in self.tokens:
                    self.tokens[variable] = self.cluster.token(namespace, account=account)

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
        if name == "submitter" and spot.environment != "test":
            mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": "25"}  # there is nothing: no mail leaves the ring
            self._secret(home, f"fb-{name}-mail-{space}", mail)
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
        connection = connect(model, Where(spot.space), self.root)
        given = manifests.values(spot.app, spot.space, spot.environment, {}, version="", commit="")
        space = Space(spot.space, lambda _: None, threading.Event())
        provision.fixtures(connection, spot.app, given, space)


def _object(kind: str, namespace: str, name: str) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}}


def _database(spot: Spot) -> str:
    return f"{spot.app.name}_{spot.space}".replace("-", "_")


def _bucket(spot: Spot) -> str:
    return f"uploads-{spot.space}"
