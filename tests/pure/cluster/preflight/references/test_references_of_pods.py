"""What pod templates refer to, and what of it is missing."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.cluster.preflight.references import gathering, parts, pods
from toolkit.cluster.preflight.references.makers import Makers
from toolkit.cluster.preflight.references.reference import Reference, to

Json = dict[str, Any]


def workload(kind: str = "Deployment", **spec: Any) -> Json:
    spec = {"containers": [{"name": "app", "image": "app@sha256:1"}], **spec}
    template = {"metadata": {}, "spec": spec}
    inner: Json = {"template": template}
    if kind == "CronJob":
        inner = {"jobTemplate": {"spec": inner}}
    if kind == "Pod":
        return {"kind": kind, "metadata": {"name": "x"}, "spec": spec}
    return {"kind": kind, "metadata": {"name": "x"}, "spec": inner}


def found(obj: Json) -> set[tuple[str, str, str]]:
    return {(each.to.kind, each.to.name, each.part) for each in pods.references(obj)}


def container(**fields: Any) -> list[Json]:
    return [{"name": "app", "image": "app@sha256:1", **fields}]


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"])
def test_every_kind_that_makes_pods_is_read(kind: str) -> None:
    init = {"name": "first", "image": "first@sha256:2", "envFrom": [{"secretRef": {"name": "keys"}}]}
    obj = workload(kind, initContainers=[init])
    assert found(obj) == {("Secret", "keys", "")}
    assert pods.images([obj]) == {
        "first@sha256:2": [f"{kind}/x (container first)"],
        "app@sha256:1": [f"{kind}/x (container app)"],
    }


def test_other_kinds_refer_to_nothing() -> None:
    service = {"kind": "Service", "metadata": {"name": "s"}, "spec": {"selector": {"app": "x"}}}
    assert found(service) == set()
    assert pods.images([service]) == {}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"serviceAccountName": "runner"}, {("ServiceAccount", "runner", "")}),
        ({"serviceAccountName": "default"}, set()),
        ({"imagePullSecrets": [{"name": "registry"}]}, {("Secret", "registry", "")}),
        (
            {
                "containers": container(
                    env=[{"name": "A", "value": "x"}, {"name": "B", "valueFrom": {"fieldRef": {}}}]
                )
            },
            set(),
        ),
        (
            {
                "containers": container(
                    env=[
                        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                        {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "l"}}},
                        {
                            "name": "C",
                            "valueFrom": {"secretKeyRef": {"name": "t", "key": "k", "optional": True}},
                        },
                    ]
                )
            },
            {("Secret", "s", "k"), ("ConfigMap", "c", "l")},
        ),
        (
            {
                "containers": container(
                    envFrom=[{"configMapRef": {"name": "c"}}, {"secretRef": {"name": "s", "optional": True}}]
                )
            },
            {("ConfigMap", "c", "")},
        ),
        (
            {
                "volumes": [
                    {"name": "a", "secret": {"secretName": "s", "items": [{"key": "k", "path": "p"}]}},
                    {"name": "b", "configMap": {"name": "c"}},
                    {"name": "c", "secret": {"secretName": "t", "optional": True}},
                    {"name": "d", "persistentVolumeClaim": {"claimName": "disk"}},
                    {"name": "e", "emptyDir": {}},
                ]
            },
            {("Secret", "s", "k"), ("ConfigMap", "c", ""), ("PersistentVolumeClaim", "disk", "")},
        ),
        (
            {
                "volumes": [
                    {
                        "name": "a",
                        "projected": {
                            "sources": [
                                {"secret": {"name": "s", "items": [{"key": "k", "path": "p"}]}},
                                {"configMap": {"name": "c", "optional": True}},
                                {"serviceAccountToken": {"path": "token"}},
                                {"downwardAPI": {"items": []}},
                            ]
                        },
                    },
                    {"name": "b", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "n"}}},
                ]
            },
            {("Secret", "s", "k"), ("Secret", "n", "")},
        ),
    ],
)
def test_what_a_pod_cannot_start_without(spec: Json, expected: set[tuple[str, str, str]]) -> None:
    assert found(workload(**spec)) == expected


def test_mutilated_templates_are_no_error() -> None:
    for broken in (
        {"containers": None},
        {"containers": ["x", {"env": "x"}, {"env": [None, {"valueFrom": "y"}]}]},
        {"containers": [{"envFrom": [{"secretRef": None}]}], "volumes": {"a": 1}},
        {"containers": [{}], "volumes": [{"projected": {"sources": [3, {"secret": "x"}]}}, {"secret": []}]},
    ):
        assert found(workload(**broken)) == set()


@pytest.mark.parametrize(
    ("obj", "certain"),
    [
        (workload(envFrom=[]), True),
        ({**workload(), "apiVersion": "apps/v1"}, True),
        ({**workload(), "apiVersion": "apps.example.org/v1"}, False),  # does as it likes with its template
    ],
)
def test_what_a_pod_needs_is_certain_where_it_is_known_what_is_done_with_its_template(
    obj: Json, certain: bool
) -> None:
    obj["spec"]["template"]["spec"]["serviceAccountName"] = "runner"
    (needed,) = pods.references(obj)
    assert needed.is_certain is certain


@pytest.mark.parametrize("idle", [{"replicas": 0}, {"suspend": True}])
def test_pods_that_are_not_made_now_need_nothing_for_certain(idle: Json) -> None:
    obj = workload(serviceAccountName="runner")
    assert [each.is_certain for each in pods.references(obj)] == [True]
    obj["spec"] |= idle
    assert [each.is_certain for each in pods.references(obj)] == [False]


def test_a_registry_secret_that_is_missing_is_likely_to_matter_no_more() -> None:
    (needed,) = pods.references(workload(imagePullSecrets=[{"name": "registry"}]))
    assert not needed.is_certain


def test_what_every_namespace_has_needs_no_asking() -> None:
    given = {
        "name": "ca",
        "configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "x"}]},
    }
    assert found(workload(volumes=[given], priorityClassName="system-node-critical")) == set()
    assert found(workload(priorityClassName="fast")) == {("PriorityClass", "fast", "")}


HOME = "home"


def reference(kind: str, name: str, part: str, by: str, place: str) -> Reference:
    return Reference(to(kind, name, HOME), part, by, place)


def test_what_is_missing_is_one_problem_with_all_who_need_it() -> None:
    needed = [
        reference("Secret", "keys", "a", "Deployment/x", "container app, env A"),
        reference("Secret", "keys", "b", "Deployment/y", "container app, env B"),
        reference("ConfigMap", "settings", "colour", "Deployment/x", "container app, env C"),
        reference("ConfigMap", "settings", "size", "Deployment/x", "container app, env D"),
        reference("Secret", "unreadable", "k", "Deployment/x", "container app, env E"),
    ]
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"size": "1"}}
    there = {to("Secret", "keys", HOME): None, to("ConfigMap", "settings", HOME): settings}
    missing, key = gathering.unmet(needed, there)
    assert missing.line == (
        "Secret/keys: there is no such Secret in home; Deployment/x (container app, env A), "
        "Deployment/y (container app, env B) need it"
    )
    assert key.line == (
        'ConfigMap/settings: has no key "colour" in home; Deployment/x (container app, env C) needs it'
    )
    assert "colour" in key.remedy
    assert missing.is_certain and key.is_certain


def test_many_users_are_not_all_listed() -> None:
    needed = [reference("Secret", "keys", "", f"Deployment/{n}", "container app, envFrom") for n in range(6)]
    (problem,) = gathering.unmet(needed, {to("Secret", "keys", HOME): None})
    assert "Deployment/2 (container app, envFrom) and 3 more need it" in problem.sentence


def test_keys_of_all_three_parts_count() -> None:
    obj = {"data": {"a": ""}, "stringData": {"b": ""}, "binaryData": {"c": ""}}
    assert parts.keys_of(obj) == {"a", "b", "c"}
    assert parts.keys_of({"data": None}) == parts.keys_of(None) == frozenset()


def test_keys_that_the_cluster_fills_in_are_not_missing() -> None:
    token = {"kind": "Secret", "type": "kubernetes.io/service-account-token"}
    assert "token" in parts.keys_of(token)
    needed = [reference("ConfigMap", "trust", "ca-bundle.crt", "Deployment/x", "volume ca")]
    marks = {"labels": {"config.openshift.io/inject-trusted-cabundle": "true"}}
    for metadata, certain in (({}, True), (marks, False)):
        there = {to("ConfigMap", "trust", HOME): {"kind": "ConfigMap", "metadata": metadata}}
        (problem,) = gathering.unmet(needed, there)
        assert problem.is_certain is certain


def custom(api_version: str = "external-secrets.io/v1", **spec: Any) -> Json:
    return {"apiVersion": api_version, "kind": "ExternalSecret", "metadata": {"name": "e"}, "spec": spec}


STATEFUL = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "db"},
    "spec": {"replicas": 2, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
}


@pytest.mark.parametrize(
    ("missing", "beside", "expected"),
    [
        (("Secret", "keys"), [], "refused"),
        (("Secret", "keys"), [custom(target={"name": "keys"})], "no problem"),
        (("Secret", "e"), [custom()], "no problem"),
        (("Secret", "keys"), [custom(data=[])], "warned"),
        (("Secret", "keys"), [custom("monitoring.coreos.com/v1")], "refused"),  # makes nothing
        (("ServiceAccount", "runner"), [custom()], "warned"),
        (
            ("Secret", "web-tls"),
            [{"kind": "Service", "metadata": {"annotations": {"serving-cert-secret-name": "web-tls"}}}],
            "no problem",
        ),
        (("PersistentVolumeClaim", "data-db-1"), [STATEFUL], "no problem"),
        (("PersistentVolumeClaim", "data-db-2"), [STATEFUL], "refused"),  # one more than its replicas
    ],
)
def test_what_other_objects_will_make_is_not_missing(
    missing: tuple[str, str], beside: list[Json], expected: str
) -> None:
    key = to(*missing, HOME)
    found = gathering.unmet([Reference(key, "", "Deployment/x", "here")], {key: None}, Makers(beside))
    assert [each.is_certain for each in found] == {"refused": [True], "warned": [False]}.get(expected, [])
