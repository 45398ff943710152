"""What tests on a real cluster are given. Without one they are skipped, and say what would give them one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kubernetes import cluster as clusters
from tests.kubernetes import tiny
from tests.kubernetes.cluster import ROLE, Cluster, Home
from tests.kubernetes.tiny import Tiny

NOT_HERE = "no real cluster: make test-kubernetes brings one up, or runs on the one you name"

MakeNamespace = Callable[..., Home]


@pytest.fixture(scope="session", autouse=True)
def cluster() -> Cluster:
    """The real cluster, as one who may create namespaces."""
    try:
        found = clusters.given()
    except ValueError as error:
        pytest.fail(str(error), pytrace=False)
    if found is None:
        pytest.skip(NOT_HERE)
    return Cluster(*found)


@pytest.fixture(scope="session")
def kubeconfig(cluster: Cluster) -> Path:
    """Of one who may create namespaces."""
    return cluster.kubeconfig


@pytest.fixture(scope="session")
def registry(cluster: Cluster) -> str:
    """Where images are pushed, `<host>/<path>`: by the same name from here and from the cluster's nodes."""
    return cluster.registry


@pytest.fixture(scope="session")
def make_namespace_for_session(cluster: Cluster) -> Iterator[MakeNamespace]:
    """`make(name="", role=ROLE)`: a namespace and its own account; gone with the session."""
    yield from _making(cluster)


@pytest.fixture
def make_namespace(cluster: Cluster) -> Iterator[MakeNamespace]:
    """`make(name="", role=ROLE)`: a namespace and its own account; gone with the test."""
    yield from _making(cluster)


@pytest.fixture
def home(make_namespace: MakeNamespace) -> Home:
    """A fresh namespace, and its account."""
    return make_namespace()


@pytest.fixture(scope="module")
def shared(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    """A repository of the tiny app for the tests of a file, in spaces of its own; gone with the last."""
    with tiny.made_on(cluster, tmp_path_factory.mktemp("tiny"), tiny.mark()) as made:
        yield made


def _making(cluster: Cluster) -> Iterator[MakeNamespace]:
    made: list[str] = []

    def make(name: str = "", role: Path = ROLE) -> Home:
        home = cluster.make_namespace(name, role)
        made.append(home.name)
        return home

    yield make
    cluster.remove_namespaces(made)
