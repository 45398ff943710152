"""Bodies as Go clients send them, byte by byte, and what is not one."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.wire.protobuf import WireError, decode

# What `kubectl create namespace demo` (1.32) sends.
NAMESPACE = bytes.fromhex(
    "6b3873000a0f0a02763112094e616d657370616365121c0a140a0464656d6f12001a0022002a0032003800420012001a020a001a002200"
)


def field(number: int, value: bytes | int) -> bytes:
    """One field of a message, shorter than 128 bytes."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def body(api_version: str, kind: str, raw: bytes) -> bytes:
    type_meta = field(1, api_version.encode()) + field(2, kind.encode())
    return b"k8s\0" + field(1, type_meta) + field(2, raw)


def test_what_kubectl_sends() -> None:
    assert decode(NAMESPACE) == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "demo"},
        "spec": {},
        "status": {},
    }


def test_maps_bytes_quantities_and_inlined_fields() -> None:
    metadata = field(1, b"a") + field(11, field(1, b"app") + field(2, b"web"))
    secret = body("v1", "Secret", field(1, metadata) + field(2, field(1, b"k") + field(2, b"\xff")))
    assert decode(secret)["data"] == {"k": "/w=="} and decode(secret)["metadata"]["labels"] == {"app": "web"}
    claim = field(2, field(2, field(2, field(1, b"storage") + field(2, field(1, b"1Gi")))))
    assert decode(body("v1", "PersistentVolumeClaim", claim))["spec"]["resources"] == {
        "requests": {"storage": "1Gi"}
    }
    volume = field(1, b"v") + field(2, field(2, b""))
    pod = decode(body("v1", "Pod", field(2, field(1, volume))))
    assert pod["spec"]["volumes"] == [{"name": "v", "emptyDir": {}}]


def test_optional_zeros_stay_and_others_go() -> None:
    spec = field(1, 0) + field(5, 0)
    assert decode(body("apps/v1", "Deployment", field(2, spec)))["spec"] == {"replicas": 0}


def test_integer_or_string_and_times() -> None:
    port = field(3, 80) + field(4, field(1, 1) + field(3, b"http"))
    assert decode(body("v1", "Service", field(2, field(1, port))))["spec"]["ports"] == [
        {"port": 80, "targetPort": "http"}
    ]
    port = field(3, 80) + field(4, field(1, 0) + field(2, 81))
    assert decode(body("v1", "Service", field(2, field(1, port))))["spec"]["ports"][0]["targetPort"] == 81
    made = decode(body("v1", "Pod", field(1, field(8, field(1, 60)))))
    assert made["metadata"]["creationTimestamp"] == "1970-01-01T00:01:00Z"


def test_options_of_every_group() -> None:
    for version in ("v1", "apps/v1", "meta.k8s.io/v1"):
        assert decode(body(version, "DeleteOptions", field(1, 0)))["gracePeriodSeconds"] == 0


def test_negative_numbers() -> None:
    minus_one = bytes([1 << 3]) + b"\xff" * 9 + b"\x01"
    assert decode(body("apps/v1", "Deployment", field(2, minus_one)))["spec"]["replicas"] == -1


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"{}",
        b"k8s\0",
        NAMESPACE[:-3],
        body("v1", "Unicorn", b""),
        body("v1", "Pod", b"\x0b"),
        NAMESPACE + b"\xff" * 12,
    ],
)
def test_what_is_no_message(damaged: bytes) -> None:
    with pytest.raises(WireError):
        decode(damaged)


@given(st.binary(max_size=200), st.sampled_from(["Pod", "Secret", "Service", "Event"]))
def test_any_bytes_are_an_object_or_an_error(raw: bytes, kind: str) -> None:
    for data in (b"k8s\0" + raw, body("v1", kind, raw[:120])):
        try:
            assert decode(data)["kind"]
        except WireError as error:
            assert "\n" not in str(error)


@given(st.integers(4, len(NAMESPACE) - 1), st.integers(0, 255))
def test_one_wrong_byte_is_survived(place: int, byte: int) -> None:
    with contextlib.suppress(WireError):
        decode(NAMESPACE[:place] + bytes([byte]) + NAMESPACE[place + 1 :])
