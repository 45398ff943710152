"""What counts as drift, what does not, and who is named: applied and live objects in, sentences out."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toolkit.cluster.release import drift
from toolkit.objects import field_owners
from toolkit.objects.resources import Key, key_of

Json = dict[str, Any]

APPLIED: Json = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "x",
        "namespace": "n",
        "labels": {"appGroup": "fb-x"},
        "annotations": {"a.b/c": "1"},
    },
    "spec": {
        "replicas": 2,
        "template": {
            "metadata": {"labels": {"app": "x"}},
            "spec": {
                "hostNetwork": False,
                "containers": [
                    {
                        "name": "api",
                        "image": "i@sha256:1",
                        "command": ["run", "it"],
                        "ports": [{"containerPort": 3000}, {"containerPort": 3000, "protocol": "UDP"}],
                        "env": [{"name": "A", "value": "1"}, {"name": "EMPTY", "value": ""}],
                        "resources": {"limits": {"cpu": 0.5, "memory": "1024Mi"}},
                        "readinessProbe": {"httpGet": {"path": "/health", "port": 3000}},
                    },
                    {"name": "worker", "image": "w@sha256:1"},
                ],
                "volumes": [{"name": "tmp", "emptyDir": {}}],
                "tolerations": [{"key": "k", "operator": "Exists"}],
            },
        },
    },
}


def as_live() -> Json:
    """The same as an API server would have it: defaults, its own spelling, status, managed fields."""
    live = copy.deepcopy(APPLIED)
    live["metadata"] |= {"uid": "u", "generation": 3, "resourceVersion": "9"}
    live["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "2"
    live["metadata"]["labels"]["theirs"] = "yes"
    pod = live["spec"]["template"]["spec"]
    del pod["hostNetwork"]
    pod["restartPolicy"] = "Always"
    api = pod["containers"][0]
    api["ports"] = [{"containerPort": 3000, "protocol": "UDP"}, {"containerPort": 3000, "protocol": "TCP"}]
    api["env"] = [{"name": "A", "value": "1"}, {"name": "EMPTY"}]
    api["resources"] = {"limits": {"cpu": "500m", "memory": "1Gi"}, "requests": {"cpu": "500m"}}
    api["readinessProbe"] |= {"periodSeconds": 10}
    live["spec"]["progressDeadlineSeconds"] = 600
    live["status"] = {"replicas": 2}
    live["metadata"]["managedFields"] = [
        entry("form-builder-pipeline", {"f:spec": {"f:replicas": {}}}, operation="Apply"),
        entry("kube-controller-manager", {"f:spec": {"f:progressDeadlineSeconds": {}}}),
        entry("someone", {"f:status": {"f:replicas": {}}}, subresource="status"),
    ]
    return live


def entry(manager: str, fields: Json, time: str = "2026-11-23T05:00:00Z", **more: str) -> Json:
    return {"manager": manager, "operation": "Update", "time": time, "fieldsV1": fields, **more}


def pod_field(*steps: str) -> Json:
    """managedFields of one place in the pod template's spec."""
    fields: Json = {}
    for step in reversed(steps):
        fields = {step: fields}
    return {"f:spec": {"f:template": {"f:spec": fields}}}


API = 'k:{"name":"api"}'


def sentences(live: Json | None, *scaled: Key, applied: Json = APPLIED) -> list[str]:
    return [each.sentence for each in drift.compare(applied, live, scaled)]


def test_what_the_api_server_makes_of_it_is_no_drift() -> None:
    assert sentences(as_live()) == []


def test_an_object_that_is_gone() -> None:
    assert sentences(None) == ["Deployment/x is gone"]


def test_replicas_changed_by_hand_are_drift_unless_an_autoscaler_owns_them() -> None:
    live = as_live()
    live["spec"]["replicas"] = 5
    live["metadata"]["managedFields"].append(entry("kubectl-scale", {"f:spec": {"f:replicas": {}}}))
    assert sentences(live) == ["Deployment/x spec.replicas is 5, applied 2, changed by kubectl-scale"]
    mine = key_of(APPLIED)
    assert sentences(live, mine._replace(kind="StatefulSet"), mine._replace(group="example.org")) != []
    assert sentences(live, mine) == []


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("spec", "template", "spec", "containers", 0, "image"), "i@sha256:2",
         "spec.template.spec.containers[api].image is i@sha256:2, applied i@sha256:1"),
        (("spec", "template", "spec", "containers", 0, "command"), ["run"],
         'spec.template.spec.containers[api].command is ["run"], applied ["run", "it"]'),
        (("spec", "template", "spec", "containers", 0, "env", 0, "value"), "2",
         "spec.template.spec.containers[api].env[A].value is 2, applied 1"),
        (("spec", "template", "spec", "containers", 0, "ports"), [{"containerPort": 3000, "protocol": "TCP"}],
         "spec.template.spec.containers[api].ports[3000/UDP] is gone,"
         ' applied {"containerPort": 3000, "protocol": "UDP"}'),
        (("spec", "template", "spec", "containers", 0, "resources", "limits", "memory"), "1Mi",
         "spec.template.spec.containers[api].resources.limits.memory is 1Mi, applied 1024Mi"),
        (("spec", "template", "spec", "tolerations"), [],
         'spec.template.spec.tolerations is [], applied [{"key": "k", "operator": "Exists"}]'),
        (("spec", "template", "spec", "tolerations", 0, "key"), "other",
         "spec.template.spec.tolerations[0].key is other, applied k"),
        (("spec", "template", "spec", "hostNetwork"), True,
         "spec.template.spec.hostNetwork is true, applied false"),
        (("metadata", "labels"), {"theirs": "yes"}, "metadata.labels.appGroup is gone, applied fb-x"),
        (("metadata", "annotations", "a.b/c"), "2", "metadata.annotations[a.b/c] is 2, applied 1"),
        (("spec", "template", "spec", "volumes"), None,
         'spec.template.spec.volumes is null, applied [{"name": "tmp", "emptyDir": {}}]'),
    ],
)  # fmt: skip
def test_each_difference_is_named(path: tuple[str | int, ...], value: Any, words: str) -> None:
    live = as_live()
    place: Any = live
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert sentences(live) == [f"Deployment/x {words}"]


def test_a_container_that_is_gone_is_one_difference() -> None:
    live = as_live()
    del live["spec"]["template"]["spec"]["containers"][1]
    [found] = drift.compare(APPLIED, live)
    assert found.field == "spec.template.spec.containers[worker]"
    assert (found.live, found.manager) == ("", "")


def test_the_last_of_several_owners_is_named_and_a_subresource_with_it() -> None:
    live = as_live()
    live["spec"]["replicas"] = 5
    live["metadata"]["managedFields"] += [
        entry("kubectl", {"f:spec": {"f:replicas": {}}}, "2026-11-23T07:00:00Z", subresource="scale"),
        entry("kubectl-edit", {"f:spec": {"f:replicas": {}}}, "2026-11-23T06:00:00Z"),
    ]
    assert sentences(live)[0].endswith("changed by kubectl (scale)")


def test_what_another_manager_put_beside_it_is_drift_once_and_by_name() -> None:
    live = as_live()
    api = live["spec"]["template"]["spec"]["containers"][0]
    api["env"].append({"name": "DEBUG", "value": "1"})
    live["spec"]["paused"] = True
    added = pod_field("f:containers", API, "f:env", 'k:{"name":"DEBUG"}', "f:value")
    added["f:spec"]["f:template"]["f:spec"]["f:containers"][API]["f:env"]['k:{"name":"DEBUG"}']["."] = {}
    added["f:spec"]["f:paused"] = {}
    added["f:metadata"] = {"f:annotations": {"f:theirs": {}}}
    live["metadata"]["managedFields"].append(entry("kubectl-edit", added))
    assert sentences(live) == [
        'Deployment/x spec.template.spec.containers[api].env[DEBUG] is {"name": "DEBUG", "value": "1"}, '
        "never applied, set by kubectl-edit",
        "Deployment/x spec.paused is true, never applied, set by kubectl-edit",
    ]


def test_another_manager_that_agrees_is_no_drift() -> None:
    live = as_live()
    live["metadata"]["managedFields"].append(entry("kubectl-edit", pod_field("f:containers", API, "f:image")))
    assert sentences(live) == []


def test_the_data_of_a_secret_is_neither_compared_nor_shown() -> None:
    applied = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": "Opaque"}
    live = {**applied, "data": {"a": "c2VjcmV0"}}
    live["metadata"] = {"name": "s", "managedFields": [entry("kubectl-edit", {"f:data": {"f:a": {}}})]}
    assert sentences(live, applied=applied) == []
    assert sentences({**live, "type": "x"}, applied=applied) == ["Secret/s type is x, applied Opaque"]
    assert sentences({**live, "data": {}}, applied={**applied, "data": {"a": "x"}}) == []


def test_a_long_value_is_cut_and_a_config_map_is_compared_key_by_key() -> None:
    applied = {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"file": "a\n" * 200, "same": "1"}}
    live = {**applied, "data": {"file": "b\n" * 200, "same": "1", "more": "2"}}
    [found] = drift.compare(applied, live)
    assert found.field == "data.file"
    assert len(found.live) <= 60
    assert "\n" not in found.sentence


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab=:{", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "containers", "ports", "env", "port", "f:spec", "."]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON, JSON)
@settings(max_examples=200)
def test_no_object_is_an_exception(want: Any, have: Any, fields: Any) -> None:
    applied = {"kind": "Deployment", "metadata": {"name": "x"}, "spec": want, "data": want}
    manager = {"manager": "m", "time": "t", "fieldsV1": {"f:spec": fields, 'k:{"name":1}': fields, "k:x": 1}}
    live = {
        **applied,
        "spec": have,
        "data": have,
        "metadata": {"name": "x", "managedFields": [manager, fields]},
    }
    for each in drift.compare(applied, live):
        assert each.sentence
    assert drift.compare(applied, {**live, "spec": want, "data": want}) == [] or fields


@given(JSON)
def test_nothing_differs_from_itself(value: Any) -> None:
    applied = {"kind": "X", "metadata": {"name": "x"}, "spec": value}
    assert drift.compare(applied, json.loads(json.dumps(applied))) == []


def test_paths_are_written_as_one_would_say_them() -> None:
    path = ("spec", "containers", (("name", "api"),), "args", 0, "a.b/c")
    assert field_owners.shown(path) == "spec.containers[api].args[0][a.b/c]"
