"""Secrets print as ***, in whatever shape they come."""

from __future__ import annotations

import base64

import pytest
from toolkit import redaction
from toolkit.redaction import Secret, redact

CANARY = "canary-value-1f8a"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSj\n-----END PRIVATE KEY-----"


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_registered", set())


def test_a_secret_shows_itself_only_on_request() -> None:
    secret = Secret(CANARY)
    assert f"{secret} {secret!r}" == "*** Secret(***)"
    assert secret.reveal() == CANARY
    assert redact(f"Bearer {CANARY}!") == "Bearer ***!"


def test_its_base64_and_each_line_of_a_key_are_masked_too() -> None:
    Secret(CANARY)
    Secret(PEM)
    assert CANARY not in redact(base64.b64encode(CANARY.encode()).decode())
    assert redact(base64.b64encode(CANARY.encode()).decode()) == "***"
    for line in PEM.splitlines()[1:-1]:
        assert redact(f"  {line}") == "  ***"


@pytest.mark.parametrize(
    "name",
    ["EKS_TOKEN_TEST_DEV", "SLACK_WEBHOOK", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "EKS_CLUSTER_CERT"],
)
def test_variables_whose_names_say_so_are_secrets(name: str) -> None:
    redaction.register_environment({name: CANARY})
    assert redact(CANARY) == "***"


@pytest.mark.parametrize(("name", "value"), [("HOME", CANARY), ("TOKEN", "true"), ("SSL_CERT", __file__)])
def test_other_variables_short_values_and_paths_are_not(name: str, value: str) -> None:
    redaction.register_environment({name: value})
    assert redact(value) == value


def test_a_secret_within_a_secret_leaves_no_tail() -> None:
    Secret("abcdef")
    Secret("abcdef-and-more")
    assert redact("abcdef-and-more") == "***"
