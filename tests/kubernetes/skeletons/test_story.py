"""The seven skeletons on real Kubernetes: a token a namespace, which may do what `pipeline role` prints."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.granting import DEPLOYER
from tests.skeletons import forms, programs
from tests.skeletons.configuration import Settings
from tests.skeletons.repositories import Repositories
from tests.skeletons.story import Story
from tests.skeletons.table import RUNNER, SKELETONS
from tests.skeletons.telling import Told

pytestmark = [pytest.mark.timeout(1500), pytest.mark.xdist_group("platform")]

NAMESPACES = sorted({skeleton.home(space) for skeleton in SKELETONS for _, space in skeleton.places})


@pytest.fixture(scope="module")
def story(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The repositories, the platform's namespaces with an account in each, and the forms in theirs."""
    programs.helm()
    settings = Settings("cloud-platform")
    repositories = Repositories(tmp_path_factory.mktemp("skeletons"), settings)
    given = cluster.variables()
    env = {
        "EKS_CLUSTER_NAME": given["EKS_CLUSTER_NAME"],
        "EKS_CLUSTER_CERT": given["EKS_CLUSTER_CERT"],
        "REGISTRY": cluster.registry,
        "WORKERS_REGISTRY": f"{cluster.registry}-workers",
    }
    story = Story(repositories, lambda path: cluster.api.ask("GET", path), env)
    try:
        for name in NAMESPACES:
            cluster.make_bare_namespace(name)
        _put_forms(story, cluster)
        _grant(story, cluster)
        yield story
    finally:
        cluster.remove_namespaces(NAMESPACES)


def _put_forms(story: Story, cluster: Cluster) -> None:
    """As the publisher did, of an older runner."""
    app = story[RUNNER.name]
    image = forms.built(story, "zero")
    app.commit({"word": "one\n"})
    for _, space in RUNNER.places:
        for obj in forms.objects(space, image):
            cluster.apply(obj)


def _grant(story: Story, cluster: Cluster) -> None:
    """What `pipeline role` prints for each app, applied by somebody who may; and the tokens."""
    for skeleton in SKELETONS:
        printed = story.printed(skeleton.name, "role")
        for obj in yaml.safe_load_all(printed):
            if obj:
                cluster.apply(obj)
    for name in NAMESPACES:
        variable = f"EKS_TOKEN_{name.upper().replace('-', '_')}"
        story.env[variable] = cluster.token(name, account=DEPLOYER)


class TestOnRealKubernetes(Told):
    """The story, told there."""
