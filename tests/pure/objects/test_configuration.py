"""The stamp of what pods refer to: stable when nothing changed, another one when what they use has."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from toolkit.objects import configuration

CONFIG = {"kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"a": "1", "b": "2"}}
SECRET = {
    "kind": "Secret",
    "metadata": {"name": "db"},
    "data": {"password": base64.b64encode(b"hunter2").decode()},
}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_every_way_to_refer_to_one_counts_in_every_container() -> None:
    key = {"valueFrom": {"configMapKeyRef": {"name": "one", "key": "k"}}}
    spec = {
        "initContainers": [{"envFrom": [{"secretRef": {"name": "two", "optional": True}}]}],
        "containers": [{"env": [key, {"valueFrom": {"secretKeyRef": {"name": "three", "key": "k"}}}]}],
        "volumes": [
            {"configMap": {"name": "four", "items": [{"key": "x"}, {"key": "y"}]}},
            {"secret": {"secretName": "five"}},
            {"projected": {"sources": [{"configMap": {"name": "six"}}, {"secret": {"name": "seven"}}]}},
            {"projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}},
        ],
    }
    assert configuration.referred({"spec": spec}) == {
        ("ConfigMap", "one"): {"k"},
        ("Secret", "two"): None,
        ("Secret", "three"): {"k"},
        ("ConfigMap", "four"): {"x", "y"},
        ("Secret", "five"): None,
        ("ConfigMap", "six"): None,
        ("Secret", "seven"): None,
    }
    both = {"containers": [{"env": [key], "envFrom": [{"configMapRef": {"name": "one"}}]}]}
    assert configuration.referred({"spec": both}) == {("ConfigMap", "one"): None}
    assert configuration.referred({"spec": {"containers": "?"}}) == {}


def test_only_the_keys_that_are_used_count() -> None:
    changed = {**CONFIG, "data": {"a": "1", "b": "3"}}
    used = frozenset({"a"})
    assert configuration.digest(CONFIG, used, "ns") == configuration.digest(changed, used, "ns")
    assert configuration.digest(CONFIG, None, "ns") != configuration.digest(changed, None, "ns")
    assert configuration.digest(None, None, "ns") == "absent"


def test_a_secret_has_one_digest_however_it_is_written() -> None:
    plain = {**SECRET, "data": {}, "stringData": {"password": "hunter2"}}
    assert configuration.digest(SECRET, None, "ns") == configuration.digest(plain, None, "ns")
    assert configuration.digest(SECRET, None, "ns") != configuration.digest(SECRET, None, "other")


def test_the_digest_of_a_secret_is_no_plain_hash_of_it() -> None:
    found = configuration.digest(SECRET, None, "ns")
    for told in (b"hunter2", b64("hunter2").encode(), b'{"password":"aHVudGVyMg=="}'):
        for algorithm in ("md5", "sha1", "sha256", "sha512"):
            assert found not in hashlib.new(algorithm, told, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"a": "1"}, {"a": "1", "theirs": "9"}),  # ours that left the template goes, what others set stays
        ({"theirs": "8"}, {"theirs": "8"}),
    ],
)
def test_what_an_object_will_hold_once_it_is_applied(wanted: dict[str, str], expected: Any) -> None:
    live = {
        "kind": "ConfigMap",
        "data": {"a": "0", "gone": "1", "theirs": "9"},
        "metadata": {
            "managedFields": [
                {
                    "manager": "us",
                    "operation": "Apply",
                    "fieldsV1": {"f:data": {".": {}, "f:a": {}, "f:gone": {}}},
                },
                {"manager": "them", "operation": "Update", "fieldsV1": {"f:data": {"f:theirs": {}}}},
            ]
        },
    }
    made = configuration.expected({"kind": "ConfigMap", "metadata": {}, "data": wanted}, live, "us")
    assert made["data"] == expected
    assert configuration.expected(CONFIG, None, "us")["data"] == CONFIG["data"]


def test_a_stamp_can_be_read_back_and_says_nothing_else() -> None:
    digests = {("Secret", "db"): "absent", ("ConfigMap", "web"): "0f1e"}
    assert configuration.stamp(digests) == "ConfigMap/web=0f1e Secret/db=absent"
    assert configuration.stamped(configuration.stamp(digests)) == digests
    assert configuration.stamped("") == {}


@pytest.mark.parametrize(
    ("value", "follows"), [("false", False), ("False", False), ("true", True), ("", True)]
)
def test_an_app_that_reads_changes_by_itself_says_so(value: str, follows: bool) -> None:
    annotations = {"form-builder/restart-on-change": value} if value else {}
    assert configuration.follows({"metadata": {"annotations": annotations}}) is follows
