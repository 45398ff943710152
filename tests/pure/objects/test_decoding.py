"""managedFields are cut out of JSON before it is parsed: never anything else, whatever the text holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toolkit.objects import decoding

Json = dict[str, Any]

# What a string must hold to be mistaken for the end, or the beginning, of managedFields.
WORDS = st.sampled_from(["}]", '"', '"managedFields":[{', "f:x", "\\", "}]},", "é", "k:{}", ":", "[]"])
TEXTS = st.lists(WORDS, max_size=4).map("".join)
FIELDS: st.SearchStrategy[Json] = st.recursive(
    st.just({}), lambda inner: st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
ENTRIES = st.fixed_dictionaries({"manager": TEXTS, "operation": TEXTS}, optional={"fieldsV1": FIELDS})
METADATA = st.fixed_dictionaries({"name": TEXTS}, optional={"managedFields": st.lists(ENTRIES, max_size=3)})
OBJECTS = st.fixed_dictionaries({"metadata": METADATA, "spec": st.dictionaries(TEXTS, st.lists(TEXTS))})


def emptied(obj: Json) -> Json:
    metadata = obj["metadata"]
    return {**obj, "metadata": {**metadata, "managedFields": []} if "managedFields" in metadata else metadata}


@given(st.lists(OBJECTS, max_size=3), st.booleans(), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_everything_else_stays(objects: list[Json], ascii: bool, separators: tuple[str, str]) -> None:
    text = json.dumps({"items": objects}, ensure_ascii=ascii, separators=separators)
    found = decoding.loads(text.encode())["items"]
    assert [emptied(each) for each in found] == [emptied(each) for each in objects]


def test_they_are_emptied_as_an_api_server_writes_them() -> None:
    fields = (
        b'[{"manager":"a","fieldsV1":{"f:status":{"k:{\\"type\\":\\"Ready\\"}":{".":{}}}}},{"manager":"b"}]'
    )
    line = b'{"object":{"metadata":{"name":"a","managedFields":' + fields + b'},"status":{"a":[{"b":1}]}}}'
    assert decoding.loads(line)["object"] == {
        "metadata": {"name": "a", "managedFields": []},
        "status": {"a": [{"b": 1}]},
    }


@pytest.mark.parametrize(
    "broken", [b"", b"{", b'{"managedFields":[{', b"\xff", b'{"a":"managedFields":[{}]}']
)
def test_what_is_not_json_is_a_value_error(broken: bytes) -> None:
    with pytest.raises(ValueError):
        decoding.loads(broken)
