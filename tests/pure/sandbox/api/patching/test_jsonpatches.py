"""JSON patches: examples from RFC 6902, and properties that hold for any input."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.patching.patches import PatchError, json_patch
from tests.pure.sandbox.objects import JSON, unhurried

OBJECTS = st.dictionaries(st.text(max_size=6), JSON, max_size=5)


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
