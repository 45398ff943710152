"""What a quota counts and what it refuses, in upstream's words."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.base.quota import quota_violation, used_by


def quota(scopes: list[str] | None = None, **hard: str) -> dict[str, Any]:
    named = {name.replace("_", "."): value for name, value in hard.items()}
    return {"metadata": {"name": "compute"}, "spec": {"hard": named} | ({"scopes": scopes} if scopes else {})}


def pod(cpu: str = "", memory: str = "", phase: str = "Running", **spec: Any) -> dict[str, Any]:
    amounts = {name: value for name, value in (("cpu", cpu), ("memory", memory)) if value}
    resources = {"requests": amounts, "limits": amounts} if amounts else {}
    containers = [{"name": "app", "resources": resources}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "spec": {"containers": containers} | spec,
        "status": {"phase": phase},
    }


def other(api_version: str, kind: str) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "spec": {}}


def test_used_counts_what_still_runs() -> None:
    subject = quota(pods="5", requests_cpu="2", limits_memory="1Gi")
    found = used_by(subject, [pod("500m", "256Mi"), pod("0.25", "256Mi"), pod("1", "1Gi", phase="Succeeded")])
    assert found == {"pods": "2", "requests.cpu": "750m", "limits.memory": "512Mi"}


def test_objects_of_other_kinds_are_counted_by_either_spelling() -> None:
    subject = quota(secrets="1")
    subject["spec"]["hard"] |= {
        "count/deployments.apps": "3",
        "count/secrets": "9",
        "services.nodeports": "1",
    }
    node_port = {**other("v1", "Service"), "spec": {"type": "NodePort", "ports": [{}, {}]}}
    there = [other("v1", "Secret"), other("apps/v1", "Deployment"), other("apps/v1", "ReplicaSet"), node_port]
    expected = {
        "secrets": "1",
        "count/deployments.apps": "1",
        "count/secrets": "1",
        "services.nodeports": "2",
    }
    assert used_by(subject, there) == expected


def test_one_too_many_is_refused_in_upstreams_words() -> None:
    subject, used = quota(pods="5", requests_cpu="2"), {"compute": {"pods": "5", "requests.cpu": "1900m"}}
    assert quota_violation([subject], used, pod("200m")) == (
        "exceeded quota: compute, requested: pods=1,requests.cpu=200m, used: pods=5,requests.cpu=1900m, "
        "limited: pods=5,requests.cpu=2"
    )
    used = {"compute": {"pods": "4", "requests.cpu": "1800m"}}
    assert quota_violation([subject], used, pod("200m")) is None
    assert quota_violation([subject], used, other("v1", "Secret")) is None


def test_a_counted_resource_has_to_be_specified() -> None:
    subject = quota(limits_memory="1Gi", requests_cpu="1")
    found = quota_violation([subject], {}, pod(cpu="1"))
    assert found == "failed quota: compute: must specify limits.memory for: app"
    found = quota_violation([subject], {}, pod())
    assert found == "failed quota: compute: must specify limits.memory for: app; requests.cpu for: app"


@pytest.mark.parametrize(
    ("scope", "subject", "counted"),
    [
        ("BestEffort", pod(), True),
        ("BestEffort", pod("1"), False),
        ("NotBestEffort", pod("1"), True),
        ("Terminating", pod(activeDeadlineSeconds=5), True),
        ("NotTerminating", pod(activeDeadlineSeconds=5), False),
        ("Unheard", pod(), False),
    ],
)
def test_scopes(scope: str, subject: dict[str, Any], counted: bool) -> None:
    limited = quota([scope], pods="0")
    assert used_by(limited, [subject]) == {"pods": "1" if counted else "0"}
    assert (quota_violation([limited], {}, subject) is not None) is counted
