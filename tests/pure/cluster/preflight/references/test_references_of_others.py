"""What objects beyond pods refer to: each kind of reference, as it is met and as it is not."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.cluster.preflight.references import gathering, selectors
from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.objects.resources import Key, key_of

Json = dict[str, Any]
HOME = "home"


def obj(kind: str, api_version: str, name: str = "x", **fields: Any) -> Json:
    return {
        "apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": HOME}, **fields
    }  # fmt: skip


def ingress(**backend: Any) -> Json:
    rule = {"host": "a.example", "http": {"paths": [{"path": "/p", "backend": backend}]}}
    return obj("Ingress", "networking.k8s.io/v1", spec={"rules": [rule]})


def service(name: str = "web", **spec: Any) -> Json:
    return obj("Service", "v1", name, spec={"ports": [{"name": "http", "port": 80}], **spec})


def scaler(kind: str = "Deployment", api_version: str = "apps/v1") -> Json:
    target = {"apiVersion": api_version, "kind": kind, "name": "web"}
    return obj("HorizontalPodAutoscaler", "autoscaling/v2", spec={"scaleTargetRef": target})


def binding(kind: str = "Role", **subject: Any) -> Json:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "reader"}
    subjects = [{"kind": "ServiceAccount", "name": "robot", **subject}] if subject else []
    return obj("RoleBinding", "rbac.authorization.k8s.io/v1", roleRef=role, subjects=subjects)


def claim(**spec: Any) -> Json:
    return obj("PersistentVolumeClaim", "v1", spec=spec)


def stateful(**spec: Any) -> Json:
    return obj("StatefulSet", "apps/v1", spec=spec)


def unmet(found: Json, there: list[Json]) -> list[Problem]:
    """With these objects there, and nothing else."""
    needed = gathering.references([found], HOME)
    known: dict[Key, Json | None] = {each.to: None for each in needed}
    known |= {key_of(each): each for each in there}
    return gathering.unmet(needed, known)


TO_WEB = {"name": "web", "port": {"number": 80}}
WEB = obj("Deployment", "apps/v1", "web")
CLASS = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "fast"}}
ROLE = obj("Role", "rbac.authorization.k8s.io/v1", "reader")
WIDE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "reader"}}


@pytest.mark.parametrize(
    ("found", "there", "line", "certain"),
    [
        (ingress(service=TO_WEB), [service()], "", None),
        (ingress(service={"name": "web", "port": {"name": "http"}}), [service()], "", None),
        (
            ingress(service=TO_WEB), [],
            "Service/web: there is no such Service in home; Ingress/x (a.example/p) needs it", True,
        ),
        (
            ingress(service={"name": "web", "port": {"number": 81}}), [service()],
            'Service/web: has no port "81" in home; Ingress/x (a.example/p) needs it', True,
        ),
        (
            # of that name, and of another group: not what an Ingress leads to
            ingress(service=TO_WEB), [obj("Service", "serving.knative.dev/v1", "web")],
            "Service/web: there is no such Service in home; Ingress/x (a.example/p) needs it", True,
        ),
        (
            ingress(resource={"apiGroup": "k8s.example.com", "kind": "Bucket", "name": "b"}), [],
            "Bucket/b: there is no such Bucket in home; Ingress/x (a.example/p) needs it", False,
        ),
        (
            obj("Ingress", "networking.k8s.io/v1", spec={"ingressClassName": "nginx"}), [],
            "IngressClass/nginx: there is no such IngressClass in the cluster; "
            "Ingress/x (ingressClassName) needs it", False,
        ),
        (
            obj("Ingress", "networking.k8s.io/v1", spec={"tls": [{"secretName": "s"}]}), [],
            "Secret/s: there is no such Secret in home; Ingress/x (tls) needs it", False,
        ),
        (scaler(), [WEB], "", None),
        (
            scaler(), [],
            "Deployment/web: there is no such Deployment in home; "
            "HorizontalPodAutoscaler/x (scaleTargetRef) needs it", True,
        ),
        (
            scaler("Deployment", "apps.example.org/v1"), [WEB],
            "Deployment/web: there is no such Deployment in home; "
            "HorizontalPodAutoscaler/x (scaleTargetRef) needs it", True,
        ),
        (binding(), [ROLE], "", None),
        (binding("ClusterRole"), [WIDE], "", None),
        (
            binding(), [WIDE],
            "Role/reader: there is no such Role in home; RoleBinding/x (roleRef) needs it", True,
        ),
        (
            binding(namespace="elsewhere"), [ROLE],
            "ServiceAccount/robot: there is no such ServiceAccount in elsewhere; "
            "RoleBinding/x (subjects) needs it", False,
        ),
        (claim(storageClassName="fast"), [CLASS], "", None),
        (claim(storageClassName=""), [], "", None),
        (claim(), [], "", None),
        (claim(storageClassName="fast", volumeName="by-hand"), [], "", None),
        (
            claim(storageClassName="fast"), [],
            "StorageClass/fast: there is no such StorageClass in the cluster; "
            "PersistentVolumeClaim/x (storageClassName) needs it", True,
        ),
        (
            stateful(
                volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": {"storageClassName": "fast"}}]
            ), [],
            "StorageClass/fast: there is no such StorageClass in the cluster; "
            "StatefulSet/x (volumeClaimTemplates data) needs it", True,
        ),
        (
            stateful(serviceName="names"), [],
            "Service/names: there is no such Service in home; StatefulSet/x (serviceName) needs it", False,
        ),
    ],
)  # fmt: skip
def test_each_reference(found: Json, there: list[Json], line: str, certain: bool | None) -> None:
    problems = unmet(found, there)
    assert [(each.line, each.is_certain) for each in problems] == ([(line, certain)] if line else [])
    assert all(each.remedy for each in problems)


def deployment(name: str = "web", port: str = "http", **labels: str) -> Json:
    container = {"name": "app", "ports": [{"name": port, "containerPort": 3000}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return obj("Deployment", "apps/v1", name, spec={"template": template})


def chosen(found: list[Json], pods: list[Json] | None = None, own: str = "") -> list[tuple[str, bool]]:
    alone = selectors.lonely(found, found)
    return [(each.line, each.is_certain) for each in selectors.problems(found, alone, pods or [], own)]


def choosing(kind: str, **selector: Any) -> Json:
    if kind == "Service":
        return service("svc", selector=selector["matchLabels"])
    field = "podSelector" if kind == "NetworkPolicy" else "selector"
    version = {"NetworkPolicy": "networking.k8s.io/v1", "PodDisruptionBudget": "policy/v1"}[kind]
    return obj(kind, version, "svc", spec={field: selector})


@pytest.mark.parametrize("kind", ["Service", "PodDisruptionBudget", "NetworkPolicy"])
def test_what_chooses_no_pods_is_warned_of_and_the_nearest_are_named(kind: str) -> None:
    found = [choosing(kind, matchLabels={"app": "web", "tier": "front"}), deployment(app="web", tier="back")]
    line = (
        f"{kind}/svc: chooses no pods: none has app=web, tier=front; those of Deployment/web have tier=back"
    )
    assert chosen(found) == [(line, False)]
    assert chosen([found[0], deployment(app="web", tier="front", more="yes")]) == []
    assert chosen(found, [{"metadata": {"labels": {"app": "web", "tier": "front"}}}]) == []


def test_the_service_by_which_the_app_is_reached_has_to_choose_its_pods() -> None:
    found = [choosing("Service", matchLabels={"app": "wbe"}), deployment(app="web")]
    assert [certain for _, certain in chosen(found, own="svc")] == [True]
    # an app whose pods come from elsewhere altogether
    assert [certain for _, certain in chosen(found[:1], own="svc")] == [False]


@pytest.mark.parametrize(
    "harmless",
    [
        service("svc"),  # its endpoints are somebody's own doing
        service("svc", type="ExternalName", externalName="a.example"),
        service("svc", type="ExternalName", externalName="a.example", selector={"app": "none"}),
        obj("NetworkPolicy", "networking.k8s.io/v1", spec={"podSelector": {}}),
        obj("Service", "serving.knative.dev/v1", spec={"selector": {"app": "none"}}),
    ],
)
def test_what_is_not_meant_to_choose_is_no_problem(harmless: Json) -> None:
    assert chosen([harmless, deployment(app="web")]) == []


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ({"key": "app", "operator": "In", "values": ["web", "api"]}, True),
        ({"key": "app", "operator": "In", "values": ["api"]}, False),
        ({"key": "app", "operator": "NotIn", "values": ["api"]}, True),
        ({"key": "tier", "operator": "NotIn", "values": ["front"]}, True),
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "tier", "operator": "Exists"}, False),
        ({"key": "tier", "operator": "DoesNotExist"}, True),
        ({"key": "app", "operator": "DoesNotExist"}, False),
    ],
)
def test_expressions_choose_as_kubernetes_has_it(expression: Json, fits: bool) -> None:
    assert selectors.matches({"matchExpressions": [expression]}, {"app": "web"}) is fits


@pytest.mark.parametrize(("target", "named"), [("http", True), ("web", False), (3000, True), (8080, True)])
def test_a_port_by_name_has_to_be_one_of_the_pods(target: str | int, named: bool) -> None:
    ports = [{"port": 80, "targetPort": target}]
    found = [service("svc", selector={"app": "web"}, ports=ports), deployment(app="web")]
    line = 'Service/svc: leads to the port "web", which no container of Deployment/web has'
    assert chosen(found) == ([] if named else [(line, False)])
