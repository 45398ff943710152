"""A container's environment, as a kubelet makes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.node.configuration.environment import (
    ConfigError,
    Sources,
    construct,
    expand,
    references,
    service_variables,
)

POD = {
    "metadata": {
        "name": "web-1", "namespace": "ns", "uid": "u-1", "labels": {"app": "web"},
        "annotations": {"a/b": "c"},
    },
    "spec": {"nodeName": "sandbox", "containers": []},
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$(A)", "1"),
        ("x$(A)y$(B)z", "x1y2z"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$$$$(A)", "$$(A)"),
        ("$(NOPE)", "$(NOPE)"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A", "$(A"),
        ("$()", "$()"),
        ("$(A)$(A)", "11"),
    ],
)
def test_expansion(text: str, result: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == result


@given(st.text(max_size=30))
def test_escaped_text_survives(text: str) -> None:
    assert expand(text.replace("$", "$$"), {"A": "1"}) == text


def secret(**data: str) -> dict[str, object]:
    return {"data": data}


def test_the_order_of_precedence() -> None:
    """env over envFrom over Services; a later envFrom over an earlier one."""
    container = {
        "name": "c",
        "envFrom": [
            {"configMapRef": {"name": "one"}},
            {"secretRef": {"name": "two"}, "prefix": ""},
            {"configMapRef": {"name": "absent", "optional": True}},
        ],
        "env": [
            {"name": "A", "value": "env"},
            {"name": "D", "value": "$(A) $(B) $(C) $(WEB_SERVICE_HOST) $(LATER)"},
            {"name": "LATER", "value": "x"},
            {"name": "WEB_SERVICE_PORT", "value": "mine"},
        ],
    }
    service = {"metadata": {"name": "web"}, "spec": {"clusterIP": "127.9.128.1", "ports": [{"port": 80}]}}
    sources = Sources(
        config_maps={"one": {"data": {"A": "1", "B": "1", "C": "1", "not=a name": "x"}}},
        secrets={"two": secret(B="dHdv")},
        services=[service],
    )
    made = construct(POD, container, sources)
    assert made["D"] == "env two 1 127.9.128.1 $(LATER)"
    assert (made["A"], made["B"], made["C"], made["WEB_SERVICE_PORT"]) == ("env", "two", "1", "mine")
    assert "not=a name" not in made


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "web-1"),
        ("metadata.namespace", "ns"),
        ("metadata.uid", "u-1"),
        ("metadata.labels['app']", "web"),
        ("metadata.annotations['a/b']", "c"),
        ("metadata.labels['none']", ""),
        ("spec.nodeName", "sandbox"),
        ("spec.serviceAccountName", "default"),
        ("status.podIP", "127.9.1.1"),
        ("status.hostIP", "127.9.0.1"),
    ],
)
def test_fields_of_the_pod(path: str, value: str) -> None:
    container = {"name": "c", "env": [{"name": "V", "valueFrom": {"fieldRef": {"fieldPath": path}}}]}
    assert construct(POD, container, Sources(pod_ip="127.9.1.1", host_ip="127.9.0.1"))["V"] == value


@pytest.mark.parametrize(
    ("resources", "reference", "value"),
    [
        ({"limits": {"memory": "64Mi"}}, {"resource": "limits.memory", "divisor": "1Mi"}, "64"),
        ({"limits": {"memory": "64Mi"}}, {"resource": "limits.memory"}, "67108864"),
        ({"limits": {"cpu": "250m"}}, {"resource": "limits.cpu"}, "1"),
        ({"limits": {"cpu": "250m"}}, {"resource": "limits.cpu", "divisor": "1m"}, "250"),
        ({}, {"resource": "limits.cpu"}, "4"),
        ({"limits": {"cpu": "2"}}, {"resource": "requests.cpu"}, "2"),
        ({}, {"resource": "requests.memory", "divisor": "0"}, "0"),
    ],
)
def test_resources(resources: dict[str, object], reference: dict[str, str], value: str) -> None:
    container = {
        "name": "c", "resources": resources,
        "env": [{"name": "V", "valueFrom": {"resourceFieldRef": reference}}],
    }  # fmt: skip
    pod = {**POD, "spec": {"containers": [container]}}
    assert construct(pod, container, Sources(capacity={"cpu": "4"}))["V"] == value


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"secretKeyRef": {"name": "s", "key": "k"}}, 'secret "s" not found'),
        ({"configMapKeyRef": {"name": "c", "key": "k"}}, 'configmap "c" not found'),
        ({"secretKeyRef": {"name": "there", "key": "k"}}, "couldn't find key k in Secret ns/there"),
        ({"configMapKeyRef": {"name": "there", "key": "k"}}, "couldn't find key k in ConfigMap ns/there"),
        ({"fieldRef": {"fieldPath": "spec.wrong"}}, "unsupported fieldPath: spec.wrong"),
    ],
)
def test_what_is_missing_in_the_words_of_a_kubelet(given_: dict[str, dict[str, object]], words: str) -> None:
    container = {"name": "c", "env": [{"name": "V", "valueFrom": given_}]}
    sources = Sources(secrets={"there": secret()}, config_maps={"there": {"data": {}}})
    with pytest.raises(ConfigError) as error:
        construct(POD, container, sources)
    assert str(error.value) == words
    reference = next(iter(given_.values()))
    if "name" in reference:
        reference["optional"] = True
        assert "V" not in construct(POD, container, sources)


def test_service_variables() -> None:
    """The example of the Kubernetes documentation, with a named port."""
    ports = [{"port": 6379, "name": "main-port", "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]
    redis = {"metadata": {"name": "redis-primary"}, "spec": {"clusterIP": "10.0.0.11", "ports": ports}}
    headless = {"metadata": {"name": "h"}, "spec": {"clusterIP": "None", "ports": [{"port": 1}]}}
    made = service_variables([redis, headless], True, ("127.9.0.1", 6443))
    assert made["REDIS_PRIMARY_SERVICE_HOST"] == "10.0.0.11"
    assert made["REDIS_PRIMARY_SERVICE_PORT"] == made["REDIS_PRIMARY_SERVICE_PORT_MAIN_PORT"] == "6379"
    assert made["REDIS_PRIMARY_PORT"] == made["REDIS_PRIMARY_PORT_6379_TCP"] == "tcp://10.0.0.11:6379"
    assert made["REDIS_PRIMARY_PORT_6379_TCP_PROTO"] == "tcp"
    assert made["REDIS_PRIMARY_PORT_6379_TCP_ADDR"] == "10.0.0.11"
    assert made["REDIS_PRIMARY_PORT_53_UDP"] == "udp://10.0.0.11:53"
    assert made["KUBERNETES_SERVICE_HOST"] == "127.9.0.1" and made["KUBERNETES_SERVICE_PORT"] == "6443"
    assert not any(name.startswith("H_") for name in made)
    assert set(service_variables([redis], False, ("127.9.0.1", 6443))) == {
        name for name in made if name.startswith("KUBERNETES_")
    }


def test_references_name_what_to_fetch() -> None:
    container = {
        "envFrom": [{"secretRef": {"name": "a"}}, {"configMapRef": {"name": "b"}}],
        "env": [
            {"name": "x", "valueFrom": {"secretKeyRef": {"name": "c", "key": "k"}}},
            {"name": "y", "valueFrom": {"configMapKeyRef": {"name": "d", "key": "k"}}},
            {"name": "z", "value": "v"},
        ],
    }
    assert references(container) == ({"a", "c"}, {"b", "d"})
