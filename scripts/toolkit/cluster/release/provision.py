"""What a cluster that we provision needs before an app can run: namespaces, and fixtures that are made once.

Fixtures are the templates in <app>/<manifests>/provision/*.yaml, created where absent and never changed.
Beside the manifests' variables they see rsa_key() (.private and .public, PEM), random_string(n) and
existing(kind, namespace, name) -> the object or None.
"""

from __future__ import annotations

import functools
import secrets
import string
from typing import Any

from toolkit.base.outcome import Misused
from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.diagnosis import progress
from toolkit.cluster.release.ordering import WORKLOADS
from toolkit.objects import manifests
from toolkit.objects.fields import condition, mapping, shown, text
from toolkit.objects.manifests import Values
from toolkit.objects.resources import BUILT_IN, built_in
from toolkit.settings.model import App

Json = dict[str, Any]
FOLDER = "provision"
_LETTERS = string.ascii_letters + string.digits


class RsaKey:
    """A fresh RSA key; made when one of its halves is asked for first."""

    def __init__(self) -> None:
        self._halves: tuple[str, str] | None = None

    @property
    def private(self) -> str:
        """PKCS#8 PEM."""
        return self._made()[0]

    @property
    def public(self) -> str:
        """SubjectPublicKeyInfo PEM."""
        return self._made()[1]

    def _made(self) -> tuple[str, str]:
        if self._halves is None:
            from cryptography.hazmat.primitives import serialization
            from cryptography.hazmat.primitives.asymmetric import rsa

            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            private = key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            public = key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            self._halves = (private.decode(), public.decode())
        return self._halves


class _Nobody(RsaKey):
    """Stands for a key while only the names of the objects are of interest."""

    def _made(self) -> tuple[str, str]:
        return ("-", "-")


# What stands in for the functions while only the names of the objects are of interest.
_PROBING: dict[str, Any] = {"rsa_key": _Nobody, "random_string": lambda length: "-" * length}


def random_string(length: int) -> str:
    """That many letters and digits, fit for a password."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def namespace(connection: Connection, name: str, space: Space) -> None:
    """Create a namespace that is not there. One that is being deleted is waited for."""
    path = built_in("Namespace").path(name=name)
    live = connection.find(path)
    if live is not None and text(live, "status", "phase") == "Terminating":
        space.say(f"waiting for the old namespace {name} to be gone")
        connection.wait_gone(path, text(live, "metadata", "uid"))
        live = None
    if live is None:
        obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        if _create(connection, built_in("Namespace").path(), obj):
            space.say(f"created namespace {name}")


def coming(connection: Connection, app: App, given: Values) -> list[Json]:
    """The app's fixtures as `fixtures` would create them, but with "-" for every key and password."""
    folder = app.path / app.manifests / FOLDER
    if not folder.is_dir():
        return []
    probing = {**_PROBING, "existing": functools.partial(_existing, connection)}
    wanted = [obj for _, obj in manifests.render_folder(folder, given.variables(), probing)]
    for obj in wanted:
        _path(connection, obj, given)  # gives it its namespace
    return wanted


class _ToFillIn(RsaKey):
    """Says to a person what key belongs there."""

    def _made(self) -> tuple[str, str]:
        return ("<an RSA key as PEM>", "<the public half of that RSA key as PEM>")


def described(app: App, given: Values) -> list[Json]:
    """The app's fixtures for a person who makes them: words in <> in place of each key and password."""
    folder = app.path / app.manifests / FOLDER
    if not folder.is_dir():
        return []
    words: dict[str, Any] = {
        "rsa_key": _ToFillIn,
        "random_string": lambda length: f"<{length} random letters and digits>",
        "existing": lambda *_: None,
    }
    found = [obj for _, obj in manifests.render_folder(folder, given.variables(), words)]
    for obj in found:
        known = BUILT_IN.get((text(obj, "apiVersion"), text(obj, "kind")))
        if known is None or known.namespaced:
            mapping(obj, "metadata").setdefault("namespace", given.namespace)
    return found


def _existing(connection: Connection, kind: str, namespace: str, name: str) -> Json | None:
    try:
        return connection.find(built_in(kind).path(namespace, name))
    except KeyError:
        raise ValueError(f"existing(): unknown kind {kind}") from None


def fixtures(connection: Connection, app: App, given: Values, space: Space) -> None:
    """Create the app's fixtures that are absent. Raises Misused for a template that cannot be rendered."""
    wanted = coming(connection, app, given)
    if all(connection.find(_path(connection, obj, given)) for obj in wanted):
        return
    folder = app.path / app.manifests / FOLDER
    existing = functools.partial(_existing, connection)
    making: dict[str, Any] = {"rsa_key": RsaKey, "random_string": random_string, "existing": existing}
    for _, obj in manifests.render_folder(folder, given.variables(), making):
        path = _path(connection, obj, given)
        home = text(obj, "metadata", "namespace")
        if connection.find(path) is None:
            if home and home != given.namespace:
                namespace(connection, home, space)
            if _create(connection, path.rpartition("/")[0], obj):
                space.say(f"created {shown(obj)} in {home or 'the cluster'}")


def check(app: App, given: Values) -> None:
    """Raises Misused when a fixture's template cannot be rendered for a space that has nothing yet."""
    folder = app.path / app.manifests / FOLDER
    if folder.is_dir():
        functions = {**_PROBING, "existing": lambda *_: None}
        manifests.render_folder(folder, given.variables(), functions)


def is_deployed(connection: Connection, app: App, space: str) -> bool:
    """Whether an app serves in a space: its Service is there and has available workloads behind it."""
    home = app.namespace_in(space)
    service = app.service_in(space)
    if service and connection.find(built_in("Service").path(home, service)) is None:
        return False
    selector = manifests.selector_of(app)
    for kind in WORKLOADS:
        if found := connection.list(built_in(kind).path(home), labelSelector=selector)["items"]:
            return all(_is_available({**each, "kind": kind}) for each in found)
    return False


def _is_available(workload: Json) -> bool:
    if workload["kind"] == "Deployment":
        return condition(workload, "Available").get("status") == "True"
    return progress.stands(workload)


def _path(connection: Connection, obj: Json, given: Values) -> str:
    """The object's path; an object without a namespace gets the app's."""
    known = BUILT_IN.get((text(obj, "apiVersion"), text(obj, "kind")))
    resource = known or connection.resource(text(obj, "apiVersion"), text(obj, "kind"))
    metadata = mapping(obj, "metadata")
    if resource.namespaced and not metadata.get("namespace"):
        metadata["namespace"] = given.namespace
    if not isinstance(metadata.get("namespace", ""), str):
        raise Misused(f"{shown(obj)}: metadata.namespace must be text")
    return connection.path_of(obj)


def _create(connection: Connection, collection: str, obj: Json) -> bool:
    """Create it; False when somebody else just did."""
    try:
        connection.create(collection, obj)
    except ApiError as error:
        if error.status == 409:
            return False
        raise
    return True
