"""A repository of the tiny app on a real cluster, in spaces of its own with a token for each."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.kubernetes.asking import Object
from tests.kubernetes.cluster import Cluster, Home
from tests.sandbox.local import TINY
from tests.sandbox.platform_double import APPS, Ended, Platform

REAL = """
[clusters.real]
builder = "docker"
registry = {{ env = "RING_REGISTRY" }}
server = {{ env = "RING_SERVER" }}
certificate = {{ env = "RING_CERTIFICATE" }}
token = {{ env = "RING_TOKEN_{{SPACE}}" }}
"""
TEXT = APPS.replace('default_cluster = "sandbox"', 'default_cluster = "real"') + REAL


class Tiny(Platform):
    """Its spaces are `one` and `two` of the environment test, and `three`, which is production."""

    def __init__(self, folder: Path, cluster: Cluster, mark: str) -> None:
        self.cluster = cluster
        self.homes: dict[str, Home] = {}
        self.settings: dict[str, str] = {}
        super().__init__(folder, folder / "no sandbox", mark, TINY)

    def configure(self, **settings: str) -> None:
        """Write apps.toml; as for the sandbox, on a cluster that is not provisioned."""
        self.settings = {"deadline": "120s", "needs": "", "suites": "", "rollback": "manual", **settings}
        spaces = {"one": self.one, "two": self.two, "three": self.three}
        text = TEXT.format(**spaces, **self.settings, kubeconfig=self.state / "kubeconfig")
        (self.folder / "apps.toml").write_text(text)

    def make(self, *spaces: str) -> None:
        """Make the namespaces of these spaces, and an account in each."""
        for space in spaces:
            self.homes[space] = self.cluster.make_namespace(f"ns-{space}")

    def remove(self) -> None:
        """Take them away."""
        self.cluster.remove_namespaces([home.name for home in self.homes.values()])

    def variable(self, space: str) -> str:
        """That holds the token of a space."""
        return f"RING_TOKEN_{space.upper().replace('-', '_')}"

    def environment(self, **more: str) -> dict[str, str]:
        given = self.cluster.variables()
        ours = {
            "RING_REGISTRY": given["ECR_REGISTRY"],
            "RING_SERVER": given["EKS_CLUSTER_NAME"],
            "RING_CERTIFICATE": given["EKS_CLUSTER_CERT"],
            **{self.variable(space): home.token for space, home in self.homes.items()},
        }
        return super().environment(**{**ours, **more})

    def run(self, script: str, *words: str, seconds: float = 300, **env: Any) -> Ended:
        return super().run(script, *words, seconds=seconds, **env)

    def path(self, space: str, group: str, *rest: str) -> str:
        """The path of something in a space: `path(space, "apis/apps/v1", "deployments", name)`."""
        return "/".join(["", group, "namespaces", f"ns-{space}", *rest])

    def deployment(self, space: str) -> Object:
        path = self.path(space, "apis/apps/v1", "deployments", f"fb-tiny-app-{space}")
        return self.cluster.api.ask("GET", path)

    def answers(self, space: str) -> dict[str, Any]:
        """What the app itself says, through its Service."""
        return self.cluster.api.ask(
            "GET", self.path(space, "api/v1", "services", f"fb-tiny-{space}:80", "proxy", "")
        )


@contextlib.contextmanager
def made_on(cluster: Cluster, folder: Path, mark: str) -> Iterator[Tiny]:
    """A repository with all three spaces; what it deployed goes with it."""
    made = Tiny(folder / "a repository", cluster, mark)
    try:
        made.make(made.one, made.two, made.three)
        yield made
    finally:
        made.remove()


def mark() -> str:
    """Of spaces that no other test has."""
    return f"t{os.urandom(3).hex()}"
