"""Which kinds belong to the whole cluster, as the cluster itself tells of those that no table has."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.base.outcome import Misused, Refused
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.release import ordering

from tests.scripts.api_double import Double, Request
from tests.scripts.cluster.bare_server import connection, double

__all__ = ["connection", "double"]  # the fixtures

Json = dict[str, Any]
SERVED = {
    "/apis/example.org/v1": [("Tenant", "tenants", False), ("Widget", "widgets", True)],
    "/apis/serving.knative.dev/v1": [("Service", "services", True)],
    "/apis/autoscaling/v1": [("HorizontalPodAutoscaler", "horizontalpodautoscalers", True)],
}


def answer(request: Request) -> None:
    if request.path == "/version":
        request.json({})
    elif rows := SERVED.get(request.path):
        listed = [{"kind": kind, "name": name, "namespaced": namespaced} for kind, name, namespaced in rows]
        request.json({"resources": listed})
    else:
        request.status(404, "not found")


@pytest.fixture(autouse=True)
def served(double: Double) -> None:
    double.answer = answer


def obj(api_version: str, kind: str, name: str = "x") -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "ns"}}


HARMLESS = [
    obj("example.org/v1", "Widget"),
    obj("serving.knative.dev/v1", "Service"),
    obj("v1", "Service"),
    obj("autoscaling/v1", "HorizontalPodAutoscaler"),
    obj("apps/v1", "Deployment"),
]


def test_what_lives_in_a_namespace_is_let_through(connection: Connection) -> None:
    ordering.check_kinds(connection, HARMLESS)


def test_a_custom_kind_that_belongs_to_the_whole_cluster_is_refused(connection: Connection) -> None:
    with pytest.raises(Refused) as caught:
        ordering.check_kinds(connection, [*HARMLESS, obj("example.org/v1", "Tenant", "acme")])
    assert caught.value.reason == "Tenant/acme belongs to the whole cluster, not to an app"
    assert "cluster's owner" in caught.value.remedy


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("scheduling.k8s.io/v1", "PriorityClass"),
        ("storage.k8s.io/v1", "StorageClass"),
        ("networking.k8s.io/v1", "IngressClass"),
        ("cert-manager.io/v1", "ClusterIssuer"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("v1", "Namespace"),
        ("v1", "PersistentVolume"),
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding"),
    ],
)
def test_what_is_known_is_refused_without_asking(
    double: Double, connection: Connection, api_version: str, kind: str
) -> None:
    double.answer = lambda request: request.status(500, "nobody asks")
    with pytest.raises(Refused) as caught:
        ordering.check_kinds(connection, [obj(api_version, kind)])
    assert f"{kind}/x belongs to the whole cluster" in caught.value.reason


def test_a_kind_that_is_not_served_is_misuse(connection: Connection) -> None:
    with pytest.raises(Misused) as caught:
        ordering.check_kinds(
            connection, [*HARMLESS, obj("example.org/v1", "Wibble"), obj("nope.org/v1", "Any")]
        )
    assert len(caught.value.evidence) == 2
