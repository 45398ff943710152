"""What pod templates refer to, and what of it is missing."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.cluster.preflight import references
from toolkit.cluster.preflight.references import Reference

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
    return {(each.kind, each.name, each.key) for each in references.references([obj])}


def container(**fields: Any) -> list[Json]:
    return [{"name": "app", "image": "app@sha256:1", **fields}]


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"])
def test_every_kind_that_makes_pods_is_read(kind: str) -> None:
    init = {"name": "first", "image": "first@sha256:2", "envFrom": [{"secretRef": {"name": "keys"}}]}
    obj = workload(kind, initContainers=[init])
    assert found(obj) == {("Secret", "keys", "")}
    assert references.images([obj]) == {
        "first@sha256:2": [f"{kind}/x (container first)"],
        "app@sha256:1": [f"{kind}/x (container app)"],
    }


def test_other_kinds_refer_to_nothing() -> None:
    service = {"kind": "Service", "metadata": {"name": "s"}, "spec": {"selector": {"app": "x"}}}
    assert found(service) == set()
    assert references.images([service]) == {}


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


def test_what_is_missing_is_one_problem_with_all_who_need_it() -> None:
    needed = [
        Reference("Secret", "keys", "a", "Deployment/x", "container app, env A"),
        Reference("Secret", "keys", "b", "Deployment/y", "container app, env B"),
        Reference("ConfigMap", "settings", "colour", "Deployment/x", "container app, env C"),
        Reference("ConfigMap", "settings", "size", "Deployment/x", "container app, env D"),
        Reference("Secret", "unreadable", "k", "Deployment/x", "container app, env E"),
    ]
    there = {("Secret", "keys"): None, ("ConfigMap", "settings"): frozenset({"size"})}
    missing, key = references.unmet(needed, there, "home")
    assert missing.line == (
        "Secret/keys: there is no such Secret in home; Deployment/x (container app, env A), "
        "Deployment/y (container app, env B) need it"
    )
    assert key.line == (
        'ConfigMap/settings: has no key "colour" in home; Deployment/x (container app, env C) needs it'
    )
    assert "colour" in key.remedy


def test_many_users_are_not_all_listed() -> None:
    needed = [Reference("Secret", "keys", "", f"Deployment/{n}", "container app, envFrom") for n in range(6)]
    (problem,) = references.unmet(needed, {("Secret", "keys"): None}, "home")
    assert "Deployment/2 (container app, envFrom) and 3 more need it" in problem.sentence


def test_keys_of_all_three_parts_count() -> None:
    obj = {"data": {"a": ""}, "stringData": {"b": ""}, "binaryData": {"c": ""}}
    assert references.keys_of(obj) == {"a", "b", "c"}
    assert references.keys_of({"data": None}) == references.keys_of(None) == frozenset()
