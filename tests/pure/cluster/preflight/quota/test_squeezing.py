"""What of a rollout's peak is certain to be too much, and what squeezes through."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.cluster.preflight.quota import growth, headroom, podcost
from toolkit.cluster.preflight.quota.growth import Roll

from tests.pure.cluster.preflight.quota.written import quota, rolling

Json = dict[str, Any]


def deployment(
    replicas: int, strategy: Json | None = None, cpu: str = "1", running: int = 0, **pod: Any
) -> Json:
    containers = [{"name": "app", "resources": {"requests": {"cpu": cpu}}}]
    spec = {
        "replicas": replicas,
        "strategy": strategy or {},
        "template": {"spec": {"containers": containers, **pod}},
    }
    status = {"replicas": running}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x"},
        "spec": spec,
        "status": status,
    }


@pytest.mark.parametrize(
    ("replicas", "strategy", "hard", "certain"),
    [
        # none may go before a new one came: there is no way through
        (2, {}, "2", [True]),
        (4, rolling(maxSurge=1, maxUnavailable=0), "4", [True]),
        # one may: its room is enough, only slower
        (4, {}, "4", [False]),
        (4, rolling(maxSurge=3, maxUnavailable=1), "6", [False]),
        (10, rolling(maxSurge="50%", maxUnavailable=0), "11", [False]),
        (4, rolling(maxSurge=0, maxUnavailable=1), "4", []),
        (4, {}, "5", []),
    ],
)
def test_a_surge_that_squeezes_through_is_a_warning(
    replicas: int, strategy: Json, hard: str, certain: list[bool]
) -> None:
    roll = Roll(
        deployment(replicas, strategy, cpu="100m"), deployment(replicas, cpu="200m", running=replicas)
    )
    problems = headroom.lacking([quota({"pods": str(replicas)}, {"pods": hard})], [roll], [])
    assert [problem.is_certain for problem in problems] == certain
    assert all(("wait for old pods" in each.sentence) is not each.is_certain for each in problems)


def test_a_quota_wants_cpu_and_memory_said_and_nothing_else() -> None:
    for resource in ("requests.ephemeral-storage", "requests.nvidia.com/gpu"):
        assert headroom.lacking([quota(hard={resource: "4"})], [Roll(deployment(1), None)], []) == []
    whole = deployment(1, resources={"limits": {"memory": "1Gi"}})
    assert headroom.lacking([quota(hard={"limits.memory": "1Gi"})], [Roll(whole, None)], []) == []


def test_a_custom_kind_of_a_built_in_ones_name_counts_for_nothing() -> None:
    theirs = {**deployment(3), "apiVersion": "apps.example.org/v1"}
    assert growth.of(Roll(theirs, None)) is None


def test_only_cpu_and_memory_make_a_pod_more_than_best_effort() -> None:
    scratch = {"spec": {"containers": [{"resources": {"requests": {"ephemeral-storage": "1Gi"}}}]}}
    assert podcost.in_scope(quota(scopes=["BestEffort"]), scratch)
    assert not podcost.in_scope(quota(scopes=["NotBestEffort"]), scratch)
