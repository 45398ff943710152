"""Merge patches, and what all three formats refuse."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.patching.patches import PatchError, json_patch, merge_patch, strategic_patch
from sandbox.api.types import schema
from tests.pure.sandbox.objects import DEPLOYMENT, JSON, SAMPLES, unhurried

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


@pytest.mark.parametrize("obj", SAMPLES, ids=lambda obj: obj["kind"])
def test_an_object_patched_with_itself_stays_the_same(obj: dict[str, Any]) -> None:
    assert strategic_patch(schema.of(obj), obj, obj) == obj
    assert merge_patch(obj, obj) == obj
