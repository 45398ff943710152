"""Ways to take from a running app what it needs, and to give it back: one for each word of telling.toml."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox.local import Refused, Sandbox

KEPT_BY_THE_API = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation")


@dataclass(frozen=True)
class Fault:
    """A table of telling.toml: what is broken, by which way, and what the smoke suite must say."""

    name: str
    app: str
    title: str
    way: str
    what: str
    words: tuple[str, ...]
    within: float = 0.0

    def made(self, sandbox: Sandbox, space: str) -> AbstractContextManager[None]:
        """Break it in this space; mended on leaving."""
        return WAYS[self.way](sandbox, self.what.replace("{space}", space))


def load(file: Path) -> list[Fault]:
    """The tables of the file."""
    found = []
    for name, table in tomllib.loads(file.read_text()).items():
        [way] = set(table) & set(WAYS)
        what, words = table.pop(way), tuple(table.pop("words"))
        assert words, f"{name} says nothing of what the suite must tell"
        found.append(Fault(name=name, way=way, what=what, words=words, **table))
    return found


@contextmanager
def stopped(sandbox: Sandbox, what: str) -> Iterator[None]:
    """A Deployment (namespace/name) is scaled to 0, and nothing of it is left."""
    namespace, name = what.split("/")
    address = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    replicas = sandbox.api("GET", address)["spec"]["replicas"]
    assert replicas, f"{what} is stopped already"

    def scale(to: int) -> None:
        patch = {"spec": {"replicas": to}}
        sandbox.api("PATCH", address, patch, "application/merge-patch+json")

    def settled(deployment: dict[str, dict[str, int]]) -> bool:
        wanted, status = deployment["spec"]["replicas"], deployment["status"]
        return (
            status.get("observedGeneration") == deployment["metadata"]["generation"]
            and status.get("replicas", 0) == status.get("readyReplicas", 0) == wanted
        )

    chosen = sandbox.api("GET", address)["spec"]["selector"]["matchLabels"]
    scale(0)
    sandbox.wait(address, settled, 60)
    kill(sandbox, namespace, ",".join(f"{key}%3D{value}" for key, value in chosen.items()))
    try:
        yield
    finally:
        scale(replicas)
        sandbox.wait(address, settled, 60)


def kill(sandbox: Sandbox, namespace: str, selector: str = "") -> None:
    """End pods at once, without the time that they would take to say goodbye."""
    pods = f"/api/v1/namespaces/{namespace}/pods"
    for pod in sandbox.api("GET", f"{pods}?labelSelector={selector}")["items"]:
        with contextlib.suppress(Refused):
            sandbox.api("DELETE", f"{pods}/{pod['metadata']['name']}?gracePeriodSeconds=0")
            sandbox.wait_gone(f"{pods}/{pod['metadata']['name']}")


@contextmanager
def removed(sandbox: Sandbox, what: str) -> Iterator[None]:
    """An object (its address in the API) is deleted."""
    found = sandbox.api("GET", what)
    sandbox.api("DELETE", what)
    try:
        yield
    finally:
        for key in KEPT_BY_THE_API:
            found["metadata"].pop(key, None)
        sandbox.api("POST", what.rpartition("/")[0], found)


@contextmanager
def blocked(sandbox: Sandbox, what: str) -> Iterator[None]:
    """The folder of a PersistentVolumeClaim (namespace/name) is gone, and a file is in its place."""
    [folder] = sandbox.state.glob(f"**/volumes/{what}")
    away = folder.with_name(f".{folder.name}-away")
    folder.rename(away)
    folder.write_text("no folder")
    try:
        yield
    finally:
        folder.unlink()
        away.rename(folder)


WAYS: dict[str, Callable[[Sandbox, str], AbstractContextManager[None]]] = {
    "stopped": stopped,
    "removed": removed,
    "blocked": blocked,
}
