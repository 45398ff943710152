"""The skeletons' charts on a real API server: it would take all that helm renders of them."""

from __future__ import annotations

import pytest

from tests.kubernetes.cluster import Cluster, Home
from tests.skeletons import programs
from tests.skeletons.configuration import Settings
from tests.skeletons.repositories import Repositories
from tests.skeletons.table import CHARTS, Skeleton


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Repositories:
    return Repositories(tmp_path_factory.mktemp("skeletons"), Settings("cloud-platform"))


@pytest.fixture(scope="module")
def apis(cluster: Cluster) -> list[str]:
    """Of custom kinds, what the cluster serves."""
    return [programs.PROMETHEUS] if cluster.find(f"/apis/{programs.PROMETHEUS}") else []


@pytest.mark.parametrize("skeleton", CHARTS, ids=lambda skeleton: skeleton.name)
def test_the_api_server_takes_it(
    skeleton: Skeleton, repositories: Repositories, cluster: Cluster, apis: list[str], home: Home
) -> None:
    for _, space in skeleton.places:
        text = programs.rendered(repositories.folder, skeleton, space, apis)
        assert programs.refused(cluster.kubeconfig, home.name, text) == ""
