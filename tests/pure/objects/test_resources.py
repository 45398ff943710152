"""Which object is which, and which kind is meant: the group counts, the version does not."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.objects import pods, resources
from toolkit.objects.resources import Key, is_a, key_of, key_to, title

Json = dict[str, Any]


def obj(api_version: str, kind: str = "Service", **metadata: str) -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", **metadata}}


def test_the_group_tells_two_objects_apart_and_the_version_does_not() -> None:
    assert key_of(obj("v1")) != key_of(obj("serving.knative.dev/v1"))
    assert key_of(obj("autoscaling/v1", "X")) == key_of(obj("autoscaling/v2", "X"))
    assert (
        key_of(obj("v1"), "home")
        == key_of(obj("v1", namespace="home"), "other")
        == Key("", "Service", "home", "web")
    )
    assert key_of(obj("v1")).shown == "Service/web"
    assert key_of({}) == Key("", "", "", "")


@pytest.mark.parametrize(
    ("api_version", "kind", "meant"),
    [
        ("v1", "Service", True),
        ("serving.knative.dev/v1", "Service", False),
        ("batch/v1beta1", "Job", True),
        ("batch.volcano.sh/v1alpha1", "Job", False),
        ("apps.kruise.io/v1beta1", "StatefulSet", False),
        ("", "Job", True),  # an item of a list does not say
    ],
)
def test_a_kind_of_another_group_is_not_the_built_in_one(api_version: str, kind: str, meant: bool) -> None:
    assert is_a(obj(api_version, kind), kind) is meant


@pytest.mark.parametrize(
    ("version", "kind", "named"),
    [
        ("v1", "Service", "Service"),
        ("serving.knative.dev/v1", "Service", "Service.serving.knative.dev"),
        ("autoscaling/v1", "HorizontalPodAutoscaler", "HorizontalPodAutoscaler"),
        ("cert-manager.io/v1", "Certificate", "Certificate.cert-manager.io"),
    ],
)
def test_a_kind_has_one_name_in_every_version_and_another_in_every_group(
    version: str, kind: str, named: str
) -> None:
    assert title(version, kind) == named


def test_a_reference_without_apiversion_means_the_built_in_kind() -> None:
    assert key_to({"kind": "Deployment", "name": "x"}, "ns") == Key("apps", "Deployment", "ns", "x")
    assert key_to({"apiVersion": "a.org/v1", "kind": "Deployment", "name": "x"}, "ns").group == "a.org"


@pytest.mark.parametrize(
    ("api_version", "kind", "wide"),
    [
        ("v1", "Namespace", True),
        ("v1", "Pod", False),
        ("storage.k8s.io/v1beta1", "StorageClass", True),
        ("cert-manager.io/v1", "ClusterIssuer", True),
        ("cert-manager.io/v1", "Issuer", None),
        ("example.org/v1", "StorageClass", None),
        ("autoscaling/v1", "HorizontalPodAutoscaler", None),
    ],
)
def test_what_is_not_known_of_a_kind_is_asked(api_version: str, kind: str, wide: bool | None) -> None:
    assert resources.is_cluster_wide(api_version, kind) is wide


@pytest.mark.parametrize(
    ("spec", "idle"),
    [
        ({}, False),
        ({"replicas": 0}, True),
        ({"replicas": 2}, False),
        ({"suspend": True}, True),
        ({"replicas": None}, False),
    ],
)
def test_what_makes_no_pods_for_now(spec: Json, idle: bool) -> None:
    assert pods.is_idle({"spec": spec}) is idle


def test_containers_of_all_three_lists_are_read() -> None:
    spec = {
        "initContainers": [{"name": "a"}],
        "containers": [{"name": "b"}],
        "ephemeralContainers": [{"name": "c"}],
    }
    assert [each["name"] for each in pods.containers({"spec": spec})] == ["a", "b", "c"]
