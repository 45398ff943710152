"""An API server quotes what it refuses; what it refuses of a Secret is told without the quotation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from toolkit.cluster.api.errors import api_error
from toolkit.objects import withholding

CANARY = "canary-7f3a"


def told(message: str, *causes: tuple[str, str, str], status: int = 422, reason: str = "Invalid") -> str:
    details: dict[str, Any] = {"name": "key", "kind": "Secret"}
    if causes:
        names = ("field", "reason", "message")
        details["causes"] = [dict(zip(names, cause, strict=True)) for cause in causes]
    body = {"kind": "Status", "message": message, "reason": reason, "code": status, "details": details}
    payload = withholding.without_values(json.dumps(body).encode())
    error = api_error(status, payload, doing="applying Secret/key", cluster="c", space="s", holder="h")
    assert CANARY not in json.dumps(error.body) + error.reason + error.said
    return error.said


@pytest.mark.parametrize(
    ("message", "is_told"),
    [
        (f'admission webhook "x" denied the request: {CANARY}', "Invalid (the rest is withheld"),
        (
            "failed to create typed patch object (ns/key; /v1, Kind=Secret): .stringData.pin: expected "
            f"string, got &value.valueUnstructured{{Value:{CANARY}}}",
            ".stringData.pin: expected string (the rest is withheld",
        ),
        (
            'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 6',
            "illegal base64 data at input byte 6",
        ),
        (
            'Secret in version "v1" cannot be handled as a Secret: json: cannot unmarshal number into Go '
            f"struct field Secret.stringData of type string {CANARY}",
            "cannot unmarshal number into Go struct field Secret.stringData of type string (the rest",
        ),
        (
            'secrets "key" is forbidden: User "me" cannot patch resource "secrets" in API group "" in the '
            'namespace "ns"',
            'User "me" cannot patch resource "secrets"',
        ),
        (
            'secrets "key" is forbidden: exceeded quota: few, requested: secrets=1, used: secrets=1, '
            "limited: secrets=1",
            "exceeded quota: few",
        ),
        ('namespaces "ns" not found', 'namespaces "ns" not found'),
    ],
)
def test_what_is_known_to_quote_nothing_is_told(message: str, is_told: str) -> None:
    assert is_told in told(message)


def test_causes_keep_their_field_and_lose_the_value() -> None:
    said = told(
        f'Secret "key" is invalid: data[a]: Invalid value: "{CANARY}": no',
        ("data[a]", "FieldValueInvalid", f'Invalid value: "{CANARY} \\" x": must be JSON'),
        ("data", "FieldValueTooLong", "Too long: may not be more than 1048576 bytes"),
        ("type", "FieldValueInvalid", f"Invalid value: {{{CANARY}}}: no"),
        ("data[b]", "FieldValueRequired", "Required value"),
    )
    assert said == (
        'Secret "key" is invalid: data[a]: Invalid value: ***: must be JSON, data: Too long: may not be more '
        "than 1048576 bytes, type: refused (the rest is withheld: it may quote the Secret), data[b]: "
        "Required value"
    )


def test_a_conflict_names_the_field_and_the_other_manager() -> None:
    said = told(
        'Apply failed with 1 conflict: conflict with "kubectl" using v1: .data.a',
        ("data.a", "FieldManagerConflict", 'conflict with "kubectl" using v1'),
        status=409,
        reason="Conflict",
    )
    assert said == 'Apply failed with 1 conflict: conflict with "kubectl" using v1: .data.a'


@pytest.mark.parametrize("payload", [f"<html>{CANARY}</html>".encode(), b"", b"[]"])
def test_what_is_no_status_is_not_told(payload: bytes) -> None:
    assert CANARY.encode() not in withholding.without_values(payload)


@pytest.mark.parametrize(
    ("path", "body", "is_one"),
    [
        ("/api/v1/namespaces/n/secrets/key?x=y", None, True),
        ("/api/v1/namespaces/n/secrets", {"kind": "Secret"}, True),
        ("/api/v1/namespaces/n/configmaps", {"kind": "ConfigMap"}, False),
        ("/api/v1/namespaces/n/pods/x/log", None, False),
    ],
)
def test_which_requests_are_about_secrets(path: str, body: Any, is_one: bool) -> None:
    assert withholding.about_secret(path, body) is is_one
