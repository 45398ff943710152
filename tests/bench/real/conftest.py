"""The real cluster that is compared on, and the programs beside. Skipped by name without one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.real.rivals import Helm, Kubectl
from tests.kubernetes import cluster as clusters
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.node.node import Node
from tests.kubernetes.node.parts import NotPossible
from tests.kubernetes.node.places import places
from tests.renderers import building

NOT_HERE = "no real cluster: make kubernetes-up brings one up, KUBERNETES_TEST_CONFIG names another"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The cluster that the variables name, else the node of `make kubernetes-up`, which must be up."""
    with pytest.MonkeyPatch.context() as patch:
        node = Node(say=lambda _: None)
        if clusters.given() is None and node.is_up():
            for name, value in node.environment().items():
                patch.setenv(name, value)
        found = clusters.given()
        if found is None:
            pytest.skip(NOT_HERE)
        yield Cluster(*found)


@pytest.fixture(scope="session")
def kubectl(cluster: Cluster) -> Kubectl:
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed on this machine: there is nothing to compare with")
    return Kubectl(Path(program), cluster.kubeconfig)


@pytest.fixture(scope="session")
def helm(cluster: Cluster) -> Helm:
    try:
        return Helm(building.build(building.PROGRAMS["helm"], places()), cluster.kubeconfig)
    except NotPossible as error:
        pytest.skip(str(error))
