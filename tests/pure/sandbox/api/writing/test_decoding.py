"""Request bodies: what can be read, and which object it is."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.api.wire.status import StatusError
from sandbox.api.writing.decoding import dry_run, parse, typed
from sandbox.base.kinds import the_kind


@pytest.mark.parametrize(
    ("body", "media_type", "code"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"a: [", "application/yaml", 400),
        (b"\xff", "application/yaml", 400),
        (b"!!python/object:os.system x", "application/yaml", 400),
        (b"{}", "text/plain", 415),
        (b"[" * 100_000, "application/json", 400),
        (b'{"a": NaN}', "application/json", 400),
        (b'{"a": -Infinity}', "application/json", 400),
        (b'{"a": 1e999}', "application/json", 400),
        (b"a: .nan", "application/yaml", 400),
    ],
)
def test_bodies_that_cannot_be_read(body: bytes, media_type: str, code: int) -> None:
    with pytest.raises(StatusError) as error:
        parse(body, media_type)
    assert error.value.code == code


def test_yaml_is_read_as_kubernetes_reads_it() -> None:
    assert parse(b"day: 2024-01-02\n2: x\nyes: no", "application/yaml") == {
        "day": "2024-01-02",
        "2": "x",
        "true": False,
    }
    assert parse(b'{"a": 1}', "application/yaml; charset=utf-8") == {"a": 1}
    assert parse(b'{"a": 1}', "") == {"a": 1}


def test_half_a_character_becomes_a_whole_one() -> None:
    body = b'{"a": "\\ud800", "b": "\\ud83d\\ude00", "c": "\\u00e9"}'
    assert parse(body, "") == {"a": "\ufffd", "b": "\U0001f600", "c": "\u00e9"}


def test_bodies_get_their_type_from_the_path() -> None:
    pods = the_kind("v1", "Pod")
    obj, warnings = typed(pods, "n", {"metadata": {"name": "a"}}, "Strict")
    assert (
        obj == {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "n"}}
        and not warnings
    )


def test_unknown_fields_are_dropped_from_lists_too() -> None:
    containers: list[Any] = [
        {"name": "a", "x": 1, "y": 2},
        {"name": "b", "ports": [{"containerPort": 1, "z": 3}]},
    ]
    body = {"metadata": {"name": "a"}, "spec": {"containers": containers, "extra": {"deep": 1}}}
    obj, warnings = typed(the_kind("v1", "Pod"), "n", body, "Warn")
    assert len(warnings) == 4
    assert obj["spec"] == {"containers": [{"name": "a"}, {"name": "b", "ports": [{"containerPort": 1}]}]}


def test_dry_run() -> None:
    given = "PatchOptions"
    assert dry_run(["All"], given) and not dry_run([], given) and not dry_run([""], given)
    with pytest.raises(StatusError, match=r"PatchOptions\.meta\.k8s\.io"):
        dry_run(["All", "Some"], given)
