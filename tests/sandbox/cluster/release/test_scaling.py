"""Replicas belong to the autoscaler while there is one: in the sandbox, with a real autoscaler object."""

from __future__ import annotations

import pytest
from toolkit.base.outcome import Failed
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.release.apply import apply
from toolkit.cluster.release.scaling import autoscaled

from tests.sandbox.local import Sandbox
from tests.sandbox.templates import MERGE, path_of, workload


@pytest.fixture(params=["Deployment", "StatefulSet"])
def scaled(
    request: pytest.FixtureRequest, sandbox: Sandbox, namespace: str, connection: Connection
) -> tuple[str, str]:
    """A workload with an autoscaler that has set 4 replicas: its kind, and the path of the autoscaler."""
    kind = str(request.param)
    apply(connection, [workload(kind, namespace)])
    target = {"apiVersion": "apps/v1", "kind": kind, "name": "app"}
    path = f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"
    body = {"metadata": {"name": "app"}, "spec": {"scaleTargetRef": target, "maxReplicas": 9}}
    sandbox.api("POST", path, body)
    scale_as("kube-controller-manager", 4, kind, namespace, sandbox)
    return kind, f"{path}/app"


def scale_as(manager: str, replicas: int, kind: str, namespace: str, sandbox: Sandbox) -> None:
    scale = f"{path_of(kind, namespace)}/scale?fieldManager={manager}"
    sandbox.api("PATCH", scale, {"spec": {"replicas": replicas}}, MERGE)


def deployed(connection: Connection, kind: str, namespace: str) -> int:
    """How many replicas there are after a deployment whose templates ask for 2."""
    found = [workload(kind, namespace, replicas=2)]
    [made] = apply(connection, found, scaled=autoscaled(connection, namespace, found))
    return int(made["spec"]["replicas"])


def test_replicas_are_the_autoscalers_as_long_as_there_is_one(
    scaled: tuple[str, str], sandbox: Sandbox, namespace: str, connection: Connection
) -> None:
    kind, autoscaler = scaled
    assert deployed(connection, kind, namespace) == 4
    assert deployed(connection, kind, namespace) == 4
    sandbox.api("DELETE", autoscaler)
    assert deployed(connection, kind, namespace) == 2


def test_replicas_that_somebody_set_by_hand_are_a_conflict_once_the_autoscaler_is_gone(
    scaled: tuple[str, str], sandbox: Sandbox, namespace: str, connection: Connection
) -> None:
    kind, autoscaler = scaled
    sandbox.api("DELETE", autoscaler)
    scale_as("kubectl", 7, kind, namespace, sandbox)
    with pytest.raises(Failed, match=rf'{kind}/app: spec.replicas belongs to "kubectl"'):
        deployed(connection, kind, namespace)


def test_templates_that_leave_replicas_to_a_new_autoscaler_do_not_reset_them(
    sandbox: Sandbox, namespace: str, connection: Connection
) -> None:
    apply(connection, [workload("Deployment", namespace, replicas=3)])
    without = workload("Deployment", namespace)
    del without["spec"]["replicas"]
    scaler = {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "app", "namespace": namespace},
        "spec": {"maxReplicas": 9, "scaleTargetRef": {"kind": "Deployment", "name": "app"}},
    }  # fmt: skip
    found = [without, scaler]
    apply(connection, found, scaled=autoscaled(connection, namespace, found))
    assert sandbox.api("GET", path_of("Deployment", namespace))["spec"]["replicas"] == 3
