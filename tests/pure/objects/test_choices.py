"""What is null beside a choice is not sent; a null that is alone, or a text, is the API server's to judge."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.objects import choices

EXEC = {"exec": {"command": ["true"]}}


def deployment(container: dict[str, Any], volumes: Any = None, **spec: Any) -> dict[str, Any]:
    pod = {"containers": [{"name": "c", **container}], "volumes": volumes}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": pod}, **spec}}


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (
            deployment({"readinessProbe": {"httpGet": None, **EXEC, "periodSeconds": None}}),
            deployment({"readinessProbe": {**EXEC, "periodSeconds": None}}),
        ),
        (
            deployment({"lifecycle": {"preStop": {"exec": None, "sleep": {"seconds": 1}}}}),
            deployment({"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}),
        ),
        (
            deployment({}, [{"name": "v", "emptyDir": None, "secret": {"secretName": "s"}}]),
            deployment({}, [{"name": "v", "secret": {"secretName": "s"}}]),
        ),
        (
            deployment({}, strategy={"type": "Recreate", "rollingUpdate": None}),
            deployment({}, strategy={"type": "Recreate"}),
        ),
    ],
)
def test_null_beside_a_choice_is_left_out(said: dict[str, Any], sent: dict[str, Any]) -> None:
    assert choices.settle(said) == sent


@pytest.mark.parametrize(
    "said",
    [
        deployment({"readinessProbe": {"httpGet": None}}),
        deployment({"env": [{"name": "A", "value": None}]}),
        deployment({}, [{"name": "v", "emptyDir": None}]),
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"exec": "x", "httpGet": None}},
        {"apiVersion": "v1", "kind": "Pod", "spec": None},
    ],
)
def test_other_nulls_stay(said: dict[str, Any]) -> None:
    before = repr(said)
    assert repr(choices.settle(said)) == before
