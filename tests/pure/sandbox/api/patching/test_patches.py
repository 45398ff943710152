"""The three patch formats: examples from their specifications, and properties that hold for any input."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.patching.patches import PatchError, json_patch, merge_patch, strategic_patch
from sandbox.api.types import schema
from tests.pure.sandbox.objects import DEPLOYMENT, JSON, SAMPLES, mutilated, unhurried

OBJECTS = st.dictionaries(st.text(max_size=6), JSON, max_size=5)
TYPED = schema.type_of("apps/v1", "Deployment")

# RFC 7386, appendix A, the rows whose original is an object.
MERGES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("original", "patch", "expected"), MERGES)
def test_merge_patch(original: Any, patch: Any, expected: Any) -> None:
    before = copy.deepcopy(original)
    assert merge_patch(original, patch) == expected
    assert original == before


@unhurried
@given(OBJECTS)
def test_an_empty_merge_patch_changes_nothing(obj: dict[str, Any]) -> None:
    assert merge_patch(obj, {}) == obj


@unhurried
@given(OBJECTS, OBJECTS)
def test_merging_twice_is_merging_once(obj: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merge_patch(obj, patch)
    assert merge_patch(once, patch) == once


@pytest.mark.parametrize("patch", [[], "x", None, 3])
def test_a_merge_patch_is_an_object(patch: Any) -> None:
    with pytest.raises(PatchError) as refused:
        merge_patch({}, patch)
    assert refused.value.status == 400


# RFC 6902, appendix A.
OPERATIONS: list[tuple[Any, Any, Any]] = [
    ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
    (
        {"foo": ["bar", "baz"]},
        [{"op": "add", "path": "/foo/1", "value": "qux"}],
        {"foo": ["bar", "qux", "baz"]},
    ),
    ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
    ({"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}),
    ({"baz": "qux"}, [{"op": "replace", "path": "/baz", "value": "boo"}], {"baz": "boo"}),
    (
        {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
        [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
        {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
    ),
    (
        {"foo": ["all", "grass", "cows", "eat"]},
        [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
        {"foo": ["all", "cows", "eat", "grass"]},
    ),
    (
        {"foo": "bar"},
        [{"op": "add", "path": "/child", "value": {"g": {}}}],
        {"foo": "bar", "child": {"g": {}}},
    ),
    (
        {"foo": "bar"},
        [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}],
        {"foo": "bar", "baz": "qux"},
    ),
    (
        {"foo": ["bar"]},
        [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
        {"foo": ["bar", ["abc", "def"]]},
    ),
    ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
    ({"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}], {"a": {"b": 1}, "c": {"b": 1}}),
    ({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}),
    ({"a": 1}, [], {"a": 1}),
]


@pytest.mark.parametrize(("original", "operations", "expected"), OPERATIONS)
def test_json_patch(original: Any, operations: Any, expected: Any) -> None:
    before = copy.deepcopy(original)
    assert json_patch(original, operations) == expected
    assert original == before


UNFIT: list[tuple[Any, Any, int]] = [
    ({"foo": "bar"}, [{"op": "add", "path": "/baz/bat", "value": "qux"}], 422),
    ({"baz": "qux"}, [{"op": "test", "path": "/baz", "value": "bar"}], 422),
    ({"a": 1}, [{"op": "test", "path": "/a", "value": True}], 422),
    ({"a": 1}, [{"op": "remove", "path": "/b"}], 422),
    ({"a": [1]}, [{"op": "add", "path": "/a/2", "value": 1}], 422),
    ({"a": [1]}, [{"op": "remove", "path": "/a/01"}], 422),
    ({"a": {}}, [{"op": "move", "from": "/a", "path": "/a/b"}], 422),
    ({"a": 1}, [{"op": "remove", "path": ""}], 422),
    ({"a": 1}, [{"op": "replace", "path": "", "value": []}], 422),
    ({}, {"op": "add"}, 400),
    ({}, [{"op": "grow", "path": "/a"}], 400),
    ({}, [{"op": "add", "path": "/a"}], 400),
    ({}, [{"op": "add", "path": "a", "value": 1}], 400),
    ({}, [{"op": "add", "value": 1}], 400),
    ({}, ["add"], 400),
    ({"a": {}}, [{"op": "copy", "from": "", "path": "/a/x"}] * 200, 422),
    ({"a": []}, [{"op": "copy", "from": "/a", "path": "/a/-"}] * 50, 413),
    ({}, [{"op": "test", "path": "", "value": {}}] * 10_001, 413),
]


@pytest.mark.parametrize(("original", "operations", "status"), UNFIT)
def test_json_patch_that_does_not_fit(original: Any, operations: Any, status: int) -> None:
    with pytest.raises(PatchError) as refused:
        json_patch(original, operations)
    assert refused.value.status == status


POINTERS = st.lists(st.sampled_from(["spec", "a", "0", "1", "-", "~0", "~1", ""]), max_size=4).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)
ANY_OPERATION = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "x"]),
        "path": POINTERS | JSON,
    },
    optional={"value": JSON, "from": POINTERS | JSON},
)


@unhurried
@given(OBJECTS, st.lists(ANY_OPERATION | JSON, max_size=5) | JSON)
def test_a_json_patch_works_or_says_why(obj: dict[str, Any], operations: Any) -> None:
    before = copy.deepcopy(obj)
    try:
        assert isinstance(json_patch(obj, operations), dict)
    except PatchError as error:
        assert error.status in (400, 413, 422)
        assert error.message
    assert obj == before


def nested(depth: int) -> dict[str, Any]:
    obj: dict[str, Any] = {}
    for _ in range(depth):
        obj = {"a": obj}
    return obj


def test_nesting_without_end_is_refused() -> None:
    for attempt in (
        lambda: merge_patch({}, nested(800)),
        lambda: strategic_patch(TYPED, DEPLOYMENT, nested(800)),
        lambda: json_patch({}, [{"op": "add", "path": "/a", "value": nested(800)}]),
        lambda: json_patch(
            {"a": {}}, [{"op": "add", "path": "/a" * (i + 2), "value": {}} for i in range(400)]
        ),
        lambda: json_patch({"a": {}}, [{"op": "copy", "from": "", "path": "/a/x"}] * 600),
    ):
        with pytest.raises(PatchError):
            attempt()


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


@pytest.mark.parametrize("obj", SAMPLES, ids=lambda obj: obj["kind"])
def test_an_object_patched_with_itself_stays_the_same(obj: dict[str, Any]) -> None:
    assert strategic_patch(schema.of(obj), obj, obj) == obj
    assert merge_patch(obj, obj) == obj
