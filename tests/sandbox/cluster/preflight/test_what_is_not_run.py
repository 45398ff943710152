"""What the sandbox takes and does not run is refused by name, before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.cluster.preflight.ahead import Ahead
from tests.sandbox.local import Sandbox

Json = dict[str, Any]


@pytest.fixture
def ahead(sandbox: Sandbox, namespace: str, tmp_path: Path) -> Ahead:
    return Ahead(sandbox, namespace, tmp_path)


@pytest.mark.parametrize(
    ("pod", "what"),
    [
        ({"hostNetwork": True}, "a pod with hostNetwork"),
        ({"volumes": [{"name": "v", "nfs": {"server": "a", "path": "/"}}]}, 'volume "v" of the kind nfs'),
    ],
)
def test_what_the_node_does_not_do_is_refused_by_name_and_not_waited_for(
    ahead: Ahead, pod: Json, what: str
) -> None:
    (problem,) = ahead.check(ahead.deployment(**pod))
    assert problem.line == f"Deployment/web: sandbox: {what} is not run here"
    assert problem.is_certain and "a cluster that runs it" in problem.remedy
    assert [each.is_certain for each in ahead.check(ahead.deployment(replicas=0, **pod))] == [False]


def test_a_workload_that_is_kept_and_not_run_is_refused_by_name(ahead: Ahead) -> None:
    web = ahead.deployment()
    old = ahead.obj("ReplicationController", "old", spec={"replicas": 1, "template": web["spec"]["template"]})
    lines = [problem.line for problem in ahead.check(old) if problem.is_certain]
    assert lines == ["ReplicationController/old: sandbox: ReplicationController is kept, nothing acts on it"]


def test_what_only_acts_on_workloads_is_kept_and_said_not_to_be_judged(ahead: Ahead) -> None:
    chosen = {"matchLabels": {"app": "web"}}
    budget = ahead.obj(
        "PodDisruptionBudget", "few", "policy/v1", spec={"minAvailable": 1, "selector": chosen}
    )
    (problem,) = ahead.check(budget, ahead.deployment())
    assert not problem.is_certain
    assert problem.line == (
        "PodDisruptionBudget/few: sandbox: PodDisruptionBudget is kept, nothing acts on it: "
        "what it does is not judged there"
    )
