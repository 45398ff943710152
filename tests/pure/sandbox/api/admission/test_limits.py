"""LimitRanges on pods and claims."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.api.admission.limits import fill_in, violations


def limit_range(**limit: Any) -> list[dict[str, Any]]:
    return [{"spec": {"limits": [{"type": "Container", **limit}]}}]


def pod(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "Pod", "spec": {"containers": [{"resources": one} for one in resources]}}


def test_defaults_fill_only_what_is_missing() -> None:
    one = pod({}, {"limits": {"cpu": "2"}, "requests": {"memory": "1Mi"}})
    fill_in(one, limit_range(default={"cpu": "1", "memory": "1Gi"}, defaultRequest={"memory": "64Mi"}))
    first, second = (container["resources"] for container in one["spec"]["containers"])
    assert first == {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"memory": "64Mi"}}
    assert second == {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"memory": "1Mi"}}


@pytest.mark.parametrize(
    ("limit", "resources", "expected"),
    [
        ({"max": {"cpu": "1"}}, {"limits": {"cpu": "1000m"}}, []),
        (
            {"max": {"cpu": "1"}},
            {"limits": {"cpu": "2"}},
            ["maximum cpu usage per Container is 1, but limit is 2"],
        ),
        ({"max": {"cpu": "1"}}, {}, ["maximum cpu usage per Container is 1.  No limit is specified"]),
        ({"min": {"cpu": "1"}}, {"requests": {"cpu": "2"}}, []),
        (
            {"min": {"cpu": "1"}},
            {"requests": {"cpu": "0.5"}},
            ["minimum cpu usage per Container is 1, but request is 0.5"],
        ),
        ({"min": {"cpu": "1"}}, {}, ["minimum cpu usage per Container is 1.  No request is specified"]),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {"limits": {"cpu": "3"}, "requests": {"cpu": "1"}},
            ["cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000"],
        ),
    ],
)
def test_bounds(limit: dict[str, Any], resources: dict[str, Any], expected: list[str]) -> None:
    assert violations(pod(resources), limit_range(**limit)) == expected


def test_pods_are_summed_up_and_claims_are_checked() -> None:
    whole = limit_range(type="Pod", max={"memory": "100Mi"})
    two = pod({"limits": {"memory": "60Mi"}}, {"limits": {"memory": "60Mi"}})
    assert violations(two, whole) == ["maximum memory usage per Pod is 100Mi, but limit is 120Mi"]
    claims = limit_range(type="PersistentVolumeClaim", max={"storage": "1Gi"})
    claim = {"kind": "PersistentVolumeClaim", "spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    assert violations(claim, claims) == [
        "maximum storage usage per PersistentVolumeClaim is 1Gi, but limit is 2Gi"
    ]
    assert violations(two, claims) == []
