"""The skeletons' charts are real ones: helm renders them, and the sandbox would take all that comes of it."""

from __future__ import annotations

import pytest
import yaml

from tests.sandbox.local import Sandbox
from tests.skeletons import programs
from tests.skeletons.configuration import Settings
from tests.skeletons.repositories import Repositories
from tests.skeletons.table import BY_NAME, CHARTS, Skeleton

KINDS = {
    "submitter": {"NetworkPolicy", "HorizontalPodAutoscaler", "Job", "ServiceMonitor"},
    "user-datastore": {"HorizontalPodAutoscaler", "CronJob", "Job"},
    "user-filestore": {"HorizontalPodAutoscaler", "NetworkPolicy"},
    "pdf-generator": set(),
    "service-token-cache": {"HorizontalPodAutoscaler", "ServiceMonitor"},
    "publisher": {"CronJob", "Job"},
}
EACH = {"Deployment", "Service", "ConfigMap", "Secret"}


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Repositories:
    return Repositories(tmp_path_factory.mktemp("skeletons"), Settings("sandbox"))


@pytest.mark.parametrize("skeleton", CHARTS, ids=lambda skeleton: skeleton.name)
def test_helm_renders_it_and_the_sandbox_takes_it(
    skeleton: Skeleton, repositories: Repositories, sandbox: Sandbox, namespace: str
) -> None:
    for _, space in skeleton.places:
        text = programs.rendered(repositories.folder, skeleton, space, [programs.PROMETHEUS])
        kinds = {each["kind"] for each in yaml.safe_load_all(text) if each}
        assert kinds == EACH | KINDS[skeleton.name]
        assert programs.refused(sandbox.state / "kubeconfig", namespace, text) == ""


def test_both_versions_of_autoscalers_are_there(repositories: Repositories) -> None:
    versions = {
        each["apiVersion"]
        for skeleton in CHARTS
        for each in yaml.safe_load_all(
            programs.rendered(repositories.folder, skeleton, skeleton.places[0][1])
        )
        if each and each["kind"] == "HorizontalPodAutoscaler"
    }
    assert versions == {"autoscaling/v1", "autoscaling/v2"}


def test_without_its_definition_there_is_no_monitor(repositories: Repositories) -> None:
    text = programs.rendered(repositories.folder, BY_NAME["submitter"], "test-dev")
    assert "ServiceMonitor" not in text and "HorizontalPodAutoscaler" in text


def test_main_branches_are_those_of_the_real_repositories(repositories: Repositories) -> None:
    found = {name: app.git("branch", "--show-current") for name, app in repositories.apps.items()}
    assert {name for name, main in found.items() if main == "master"} == {"runner", "publisher"}
    assert set(found.values()) == {"main", "master"}
