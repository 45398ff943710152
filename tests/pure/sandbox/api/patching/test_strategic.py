"""Strategic merge patches: Kubernetes' own rules and directives."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.patching.patches import PatchError, strategic_patch
from sandbox.api.types import schema
from tests.pure.sandbox.objects import DEPLOYMENT, JSON, mutilated, unhurried

TYPED = schema.type_of("apps/v1", "Deployment")
CONTAINERS = {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]}


def pod_patch(spec: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """A strategic patch of a Deployment's pod template."""
    obj = {"spec": {"template": {"spec": spec}}}
    patched = strategic_patch(TYPED, obj, {"spec": {"template": {"spec": patch}}})
    result: dict[str, Any] = patched["spec"]["template"]["spec"]
    return result


# Each row: pod template before, patch, pod template after.
STRATEGIC: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "lists merge by key": (
        CONTAINERS,
        {"containers": [{"name": "b", "image": "b:2"}]},
        {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:2"}]},
    ),
    "new items come first": (
        CONTAINERS,
        {"containers": [{"name": "c", "image": "c:1"}]},
        {"containers": [{"name": "c", "image": "c:1"}, *CONTAINERS["containers"]]},
    ),
    "null removes": (
        {"containers": [{"name": "a", "image": "a:1", "args": ["x"]}]},
        {"containers": [{"name": "a", "args": None}]},
        {"containers": [{"name": "a", "image": "a:1"}]},
    ),
    "$patch: delete removes an item": (
        CONTAINERS,
        {"containers": [{"name": "a", "$patch": "delete"}]},
        {"containers": [{"name": "b", "image": "b:1"}]},
    ),
    "$patch: replace replaces a list": (
        CONTAINERS,
        {"containers": [{"name": "c", "image": "c:1"}, {"$patch": "replace"}]},
        {"containers": [{"name": "c", "image": "c:1"}]},
    ),
    "$patch: replace replaces an object": (
        {"securityContext": {"runAsUser": 1, "fsGroup": 2}},
        {"securityContext": {"$patch": "replace", "runAsUser": 3}},
        {"securityContext": {"runAsUser": 3}},
    ),
    "$patch: delete empties an object": (
        {"securityContext": {"runAsUser": 1}},
        {"securityContext": {"$patch": "delete"}},
        {"securityContext": {}},
    ),
    "atomic lists are replaced": (
        {"tolerations": [{"key": "a"}, {"key": "b"}]},
        {"tolerations": [{"key": "c"}]},
        {"tolerations": [{"key": "c"}]},
    ),
    "container ports merge by containerPort alone": (
        {"containers": [{"name": "a", "ports": [{"containerPort": 53, "protocol": "TCP"}]}]},
        {"containers": [{"name": "a", "ports": [{"containerPort": 53, "protocol": "UDP"}]}]},
        {"containers": [{"name": "a", "ports": [{"containerPort": 53, "protocol": "UDP"}]}]},
    ),
    "$retainKeys of a volume drops the old source": (
        {"volumes": [{"name": "v", "emptyDir": {}}]},
        {"volumes": [{"name": "v", "hostPath": {"path": "/x"}, "$retainKeys": ["name", "hostPath"]}]},
        {"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]},
    ),
    "$setElementOrder orders": (
        CONTAINERS,
        {
            "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
            "containers": [{"name": "a", "image": "a:2"}],
        },
        {"containers": [{"name": "b", "image": "b:1"}, {"name": "a", "image": "a:2"}]},
    ),
    "$setElementOrder without the list": (
        CONTAINERS,
        {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]},
        {"containers": [{"name": "b", "image": "b:1"}, {"name": "a", "image": "a:1"}]},
    ),
    "items that only the server has keep their place": (
        {"containers": [{"name": "a"}, {"name": "injected"}, {"name": "b"}]},
        {
            "$setElementOrder/containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}],
            "containers": [{"name": "c"}],
        },
        {"containers": [{"name": "a"}, {"name": "injected"}, {"name": "b"}, {"name": "c"}]},
    ),
    "directives do not end up in new objects": (
        {},
        {"affinity": {"$retainKeys": ["nodeAffinity"], "nodeAffinity": {"x": None}}},
        {"affinity": {"nodeAffinity": {}}},
    ),
}


@pytest.mark.parametrize("case", STRATEGIC)
def test_strategic_patch(case: str) -> None:
    before, patch, after = STRATEGIC[case]
    kept = copy.deepcopy((before, patch))
    assert pod_patch(before, patch) == after
    assert (before, patch) == kept


def test_finalizers_are_a_set_of_values() -> None:
    obj = {"metadata": {"finalizers": ["a/x", "b/x"]}}
    added = strategic_patch(TYPED, obj, {"metadata": {"finalizers": ["b/x", "c/x"]}})
    assert added["metadata"]["finalizers"] == ["a/x", "b/x", "c/x"]
    gone = strategic_patch(TYPED, obj, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/x"]}})
    assert gone["metadata"]["finalizers"] == ["b/x"]


def test_the_strategy_of_a_deployment_keeps_only_the_named_keys() -> None:
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_patch(TYPED, DEPLOYMENT, patch)["spec"]["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize(
    "patch",
    [
        {"spec": {"$patch": "explode"}},
        {"spec": {"template": {"spec": {"containers": [{"image": "no-name"}]}}}},
        {"spec": {"template": {"spec": {"containers": ["web"]}}}},
        {"spec": {"strategy": {"$retainKeys": "type"}}},
        {"spec": {"strategy": {"$retainKeys": ["type"], "rollingUpdate": {}}}},
        {"metadata": {"$deleteFromPrimitiveList/finalizers": "x"}},
        {
            "spec": {
                "template": {
                    "spec": {
                        "$setElementOrder/containers": [{"name": "web"}],
                        "containers": [{"name": "other"}],
                    }
                }
            }
        },
        [],
    ],
)
def test_a_strategic_patch_that_makes_no_sense(patch: Any) -> None:
    with pytest.raises(PatchError) as refused:
        strategic_patch(TYPED, DEPLOYMENT, patch)
    assert refused.value.status == 400


def test_custom_resources_have_no_strategic_patches() -> None:
    with pytest.raises(PatchError) as refused:
        strategic_patch(schema.type_of("monitoring.coreos.com/v1", "ServiceMonitor"), {}, {})
    assert refused.value.status == 415


DIRECTIVES = st.dictionaries(
    st.sampled_from(
        [
            "$patch",
            "$retainKeys",
            "$setElementOrder/containers",
            "$deleteFromPrimitiveList/x",
            "containers",
            "name",
        ]
    ),
    JSON | st.just("replace") | st.just("delete"),
    max_size=4,
)


@unhurried
@given(mutilated(), DIRECTIVES, st.lists(st.sampled_from(["spec", "template", "strategy"]), max_size=3))
def test_a_strategic_patch_works_or_says_why(
    obj: dict[str, Any], inner: dict[str, Any], path: list[str]
) -> None:
    patch: Any = inner
    for key in reversed(path):
        patch = {key: patch}
    try:
        assert isinstance(strategic_patch(schema.of(obj), obj, patch), dict)
    except PatchError as error:
        assert error.status in (400, 422)


@unhurried
@given(st.permutations(["web", "helper", "new"]))
def test_any_order_can_be_set(names: list[str]) -> None:
    order = [{"name": name} for name in names]
    containers = [{"name": "new", "image": "n:1"}]
    spec = DEPLOYMENT["spec"]["template"]["spec"]
    patched = pod_patch(spec, {"$setElementOrder/containers": order, "containers": containers})
    assert [container["name"] for container in patched["containers"]] == names
