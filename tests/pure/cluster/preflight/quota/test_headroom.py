"""Quotas against a rollout's peak: surge and its rounding, Jobs, scopes, quantities."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from toolkit.cluster.preflight.quota import growth, headroom, podcost
from toolkit.cluster.preflight.quota.growth import Roll
from toolkit.objects import quantity

from tests.pure.cluster.preflight.quota.written import quota, rolling

Json = dict[str, Any]


def container(name: str = "app", **requests: str) -> Json:
    return {"name": name, "resources": {"requests": requests} if requests else {}}


def deployment(
    replicas: int | None = 1,
    strategy: Json | None = None,
    cpu: str = "100m",
    running: int | None = None,
    **pod: Any,
) -> Json:
    spec: Json = {"template": {"spec": {"containers": [container(cpu=cpu)], **pod}}}
    if replicas is not None:
        spec["replicas"] = replicas
    if strategy is not None:
        spec["strategy"] = strategy
    status = {} if running is None else {"replicas": running}
    return {"kind": "Deployment", "metadata": {"name": "web"}, "spec": spec, "status": status}


def lines(quotas: list[Json], rolls: list[Roll], created: list[tuple[str, Json]] | None = None) -> list[str]:
    return [problem.line for problem in headroom.lacking(quotas, rolls, created or [])]


@pytest.mark.parametrize(
    ("replicas", "told", "expected"),
    [
        (4, {"maxSurge": "25%"}, 1),
        (5, {"maxSurge": "25%"}, 2),  # rounds up
        (1, {"maxSurge": "1%"}, 1),
        (3, {"maxSurge": "100%"}, 3),
        (3, {"maxSurge": 2}, 2),
        (3, {"maxSurge": 0, "maxUnavailable": 1}, 0),
        (10, {}, 3),  # 25% unless told
        (0, {"maxSurge": "25%"}, 0),
    ],
)
def test_surge_is_rounded_up_as_kubernetes_does(replicas: int, told: Json, expected: int) -> None:
    assert growth.surge(deployment(replicas, rolling(**told)), replicas) == expected


def test_recreate_has_no_surge() -> None:
    assert growth.surge(deployment(4, {"type": "Recreate"}), 4) == 0


@pytest.mark.parametrize(
    ("wanted", "live", "pods"),
    [
        (deployment(3), None, 3),
        (deployment(None), None, 1),
        (deployment(3), deployment(3, running=3), 0),  # nothing changes
        (deployment(5), deployment(3, running=3), 2),  # scaled only
        (deployment(2), deployment(3, running=3), 0),
        (deployment(4, cpu="2"), deployment(4, running=4), 1),
        (deployment(4, rolling(maxSurge="100%"), cpu="2"), deployment(4, running=4), 4),
        (deployment(4, {"type": "Recreate"}, cpu="2"), deployment(4, running=4), 0),
        (deployment(6, {"type": "Recreate"}, cpu="2"), deployment(4, running=4), 2),
        # a rollout that failed left its surge behind: that room is used already
        (deployment(2, rolling(maxSurge=1), cpu="2"), deployment(2, running=3), 0),
        (deployment(2, rolling(maxSurge=1), cpu="2"), deployment(2, running=0), 2),
    ],
)
def test_how_many_more_pods_a_deployment_needs(wanted: Json, live: Json | None, pods: int) -> None:
    grown = growth.of(Roll(wanted, live))
    assert grown is not None and grown.pods == pods


def job(name: str = "migrate", live: str = "", **spec: Any) -> Json:
    template = {"spec": {"containers": [container(cpu="1")]}}
    conditions = [{"type": live, "status": "True"}] if live else []
    return {
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": template, **spec},
        "status": {"conditions": conditions},
    }


@pytest.mark.parametrize(
    ("wanted", "live", "pods"),
    [
        (job(), None, 1),
        (job(parallelism=3), None, 3),
        (job(parallelism=3, completions=2), None, 2),
        (job(suspend=True), None, 0),
        (job(), job(live="Complete"), 0),
        (job(), job(live="Failed"), 1),
    ],
)
def test_how_many_pods_a_job_needs(wanted: Json, live: Json | None, pods: int) -> None:
    grown = growth.of(Roll(wanted, live))
    assert grown is not None and grown.pods == pods


def test_larger_pods_count_while_the_last_old_ones_go() -> None:
    # 2 x 100m become 2 x 300m, one at a time: at the end 2 new and 1 old are there, 700m in place of 200m
    roll = Roll(deployment(2, rolling(maxSurge=1), cpu="300m"), deployment(2, running=2))
    enough = quota({"requests.cpu": "200m"}, {"requests.cpu": "700m"})
    assert lines([enough], [roll]) == []
    tight = quota({"requests.cpu": "200m"}, {"requests.cpu": "699m"})
    (line,) = lines([tight], [roll])
    assert line == (
        "ResourceQuota/small: no room for requests.cpu=500m more, used: requests.cpu=200m, limited: "
        "requests.cpu=699m; this deployment adds 1 more pod of Deployment/web"
    )


def test_jobs_come_before_the_workloads_and_do_not_add_up() -> None:
    rolls = [Roll(deployment(2), None), Roll(job(parallelism=3), None)]
    assert lines([quota(hard={"pods": "3"})], rolls) == []
    (line,) = lines([quota(hard={"pods": "2"})], rolls)
    assert "no room for pods=3 more" in line and "3 more pods of Job/migrate" in line


def test_workloads_add_up() -> None:
    rolls = [Roll(deployment(2), None), Roll(deployment(1), None)]
    (line,) = lines([quota(hard={"pods": "2"})], rolls)
    assert "no room for pods=3 more, used: pods=0, limited: pods=2" in line


def test_new_objects_and_replica_sets_are_counted() -> None:
    hard = {"count/secrets": "1", "services": "5", "count/replicasets.apps": "10", "services.nodeports": "1"}
    service = {"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": [{}, {}]}}
    secret = {"kind": "Secret", "metadata": {"name": "a"}}
    created: list[tuple[str, Json]] = [("secrets", secret), ("secrets", secret), ("services", service)]
    used = {"count/replicasets.apps": "10", "services": "4"}
    found = lines([quota(used, hard)], [Roll(deployment(1), None)], created)
    assert [line.split(" more")[0] for line in found] == [
        "ResourceQuota/small: no room for count/secrets=2",
        "ResourceQuota/small: no room for count/replicasets.apps=1",
        "ResourceQuota/small: no room for services.nodeports=2",
    ]


def test_storage_is_counted_in_all_and_by_class() -> None:
    spec = {"storageClassName": "fast", "resources": {"requests": {"storage": "2Gi"}}}
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "disk"}, "spec": spec}
    hard = {
        "requests.storage": "3Gi",
        "fast.storageclass.storage.k8s.io/requests.storage": "1Gi",
        "slow.storageclass.storage.k8s.io/requests.storage": "1Gi",
        "fast.storageclass.storage.k8s.io/persistentvolumeclaims": "0",
    }
    found = lines([quota(hard=hard)], [], [("persistentvolumeclaims", claim)])
    assert [line.split("room for ")[1].split(" more")[0] for line in found] == [
        "fast.storageclass.storage.k8s.io/requests.storage=2Gi",
        "fast.storageclass.storage.k8s.io/persistentvolumeclaims=1",
    ]


@pytest.mark.parametrize(
    ("scopes", "covers"),
    [
        ({"scopes": ["NotTerminating"]}, True),
        ({"scopes": ["Terminating"]}, False),
        ({"scopes": ["NotBestEffort", "NotTerminating"]}, True),
        ({"scopes": ["BestEffort"]}, False),
        ({"scopes": ["CrossNamespacePodAffinity"]}, False),
        (
            {
                "scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]
                }
            },
            True,
        ),
        (
            {
                "scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "DoesNotExist"}]
                }
            },
            False,
        ),
    ],
)
def test_a_scoped_quota_covers_its_pods_only(scopes: Json, covers: bool) -> None:
    secret = ("secrets", {"kind": "Secret", "metadata": {"name": "a"}})
    roll = Roll(deployment(1, priorityClassName="high"), None)
    found = lines([quota(hard={"pods": "0", "secrets": "0"}, **scopes)], [roll], [secret])
    assert bool(found) is covers
    assert all("secrets" not in line for line in found)


def test_a_quota_on_limits_wants_every_container_to_say_its_limit() -> None:
    problems = lines([quota(hard={"limits.memory": "1Gi"})], [Roll(deployment(1), None)])
    assert problems == [
        "Deployment/web: must say limits.memory (container app), which ResourceQuota/small counts"
    ]
    # one that makes no new pods needs none
    assert lines([quota(hard={"limits.memory": "1Gi"})], [Roll(deployment(0), None)]) == []


def test_a_limit_range_fills_in_what_is_not_said() -> None:
    item = {"type": "Container", "default": {"memory": "128Mi"}, "defaultRequest": {"memory": "64Mi"}}
    pod = podcost.admitted({"spec": {"containers": [container()]}}, [{"spec": {"limits": [item]}}])
    assert podcost.cost(pod, "limits", "memory") == 128 * 1024**2
    assert podcost.cost(pod, "requests", "memory") == 64 * 1024**2


def test_a_limit_alone_is_the_request_too() -> None:
    pod = podcost.admitted({"spec": {"containers": [{"resources": {"limits": {"cpu": "2"}}}]}}, [])
    assert podcost.cost(pod, "requests", "cpu") == 2


def test_init_containers_and_sidecars() -> None:
    spec = {
        "initContainers": [
            {**container("first", cpu="2")},
            {**container("beside", cpu="500m"), "restartPolicy": "Always"},
            {**container("last", cpu="3")},
        ],
        "containers": [container(cpu="1"), container("two", cpu="1")],
        "overhead": {"cpu": "250m"},
    }
    # the largest moment: "last" beside the sidecar
    assert podcost.cost(podcost.admitted({"spec": spec}, []), "requests", "cpu") == Fraction("3.75")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("250m", Fraction(1, 4)),
        ("1Gi", 1024**3),
        ("1.5", Fraction(3, 2)),
        ("2k", 2000),
        ("1e3", 1000),
        ("12E", 12 * 10**18),
        (3, 3),
        ("", None),
        ("ten", None),
        ("1 Gi", None),
        (None, None),
        (True, None),
        ("1e99999999", None),
    ],
)
def test_quantities(text: Any, number: Any) -> None:
    assert quantity.parse(text) == number


@pytest.mark.parametrize(
    ("value", "like", "shown"),
    [
        ("750m", "1", "750m"),
        ("2048Mi", "1Gi", "2Gi"),
        ("0", "1Gi", "0"),
        ("1.5", "", "1500m"),
        ("1u", "", "1m"),
    ],
)
def test_quantities_are_shown_short(value: str, like: str, shown: str) -> None:
    assert quantity.show(quantity.amount(value), like=like) == shown


def test_broken_quotas_and_objects_are_no_error() -> None:
    broken = [{}, quota(hard={"pods": "many", "cpu": None}), {"spec": None, "status": 3}]
    rolls = [Roll({"kind": "Job", "spec": None}, None), Roll(deployment(1), {}), Roll({}, None)]
    assert lines(broken, rolls) == []


def test_pods_that_are_on_their_way_out_are_not_counted() -> None:
    roll = Roll(deployment(2, rolling(maxSurge=1), cpu="2"), deployment(2, running=2))
    full = quota({"pods": "4", "requests.cpu": "4"}, {"pods": "4", "requests.cpu": "10"})
    staying = {"spec": {"containers": [container(cpu="1")]}, "status": {"phase": "Running"}}
    leaving = {**staying, "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
    ended = {**staying, "status": {"phase": "Succeeded"}}
    assert len(lines([full], [roll])) == 1
    assert headroom.lacking([full], [roll], [], [], [staying, staying, leaving, ended]) == []
    (problem,) = headroom.lacking([full], [roll], [], [], [staying] * 4)
    assert "used: pods=4, limited: pods=4" in problem.line
