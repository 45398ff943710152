"""Secrets print as ***, in whatever shape they come."""

from __future__ import annotations

import base64
import time

import pytest
from toolkit.base import redaction
from toolkit.base.redaction import Secret, is_secret_name, redact, scrub

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


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"before\n{PEM}\nafter", "before\n***\nafter"),
        (PEM.replace("\n", "\\n"), "***"),
        (PEM[:60], "***"),  # the log was cut
        (f"first\n{PEM[40:]}\nafter", "first\n***\nafter"),
        (f"[1] {PEM}".replace("\n", "\n[1] "), "[1] ***"),
        (PEM + "\nbetween\n" + PEM, "***\nbetween\n***"),
        ("key eyJhbGciOiJub25lIn0.eyJhIjoxfQ.abc-_d end", "key *** end"),
        ("eyJhbGciOiJkaXIifQ..aXY.Y3Q.dGFn", "***"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("authorization: Basic dXNlcjpwYXNz", "authorization: Basic ***"),
        ("postgres://user:p@ss@db.host:5432/x failed", "postgres://user:***@db.host:5432/x failed"),
        ("redis://:hidden@cache", "redis://:***@cache"),
        ("AKIAIOSFODNN7EXAMPLE", "***"),
        ("https://hooks.slack.com/services/T0/B0/xyz", "https://hooks.slack.com/services/***"),
    ],
)
def test_what_can_only_be_a_secret_is_masked_by_its_shape(text: str, left: str) -> None:
    assert redact(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PUBLIC KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PUBLIC KEY-----",
        "bearer authentication required",
        "http://127.0.0.1:3000/health@1",
        "https://x.example/z?u=a:b@c",
        "git@host.example:team/app.git",
        "password = load()",
    ],
)
def test_what_only_looks_like_one_is_shown(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("DB_PASSWORD=hunter2!", "DB_PASSWORD=***"),
        ('{"password": "a b c d", "cause": "no route"}', '{"password": "***", "cause": "no route"}'),
        (r'{"m":"{\"token\":\"hunter22\",\"c\":1}"}', r'{"m":"{\"token\":\"***\",\"c\":1}"}'),
        ("secret: hunter22, next", "secret: ***, next"),
        ("--api-key=abcdef123 --port=3000", "--api-key=*** --port=3000"),
        ("invalid token: expired", "invalid token: expired"),
        ('secret "absent" not found', 'secret "absent" not found'),
        ("couldn't find key password in Secret ns/x", "couldn't find key password in Secret ns/x"),
        ("automountServiceAccountToken: false", "automountServiceAccountToken: false"),
        ("password=$(DB_PASSWORD)", "password=$(DB_PASSWORD)"),
        ("token=***", "token=***"),
    ],
)
def test_what_programs_print_is_scrubbed_of_values_with_telling_names(text: str, left: str) -> None:
    assert scrub(text) == left


def test_names_of_addresses_are_no_names_of_secrets() -> None:
    assert is_secret_name("SMTP_PASSWORD") and is_secret_name("encryption_key")
    assert is_secret_name("DATABASE_URL")
    assert not is_secret_name("SERVICE_TOKEN_CACHE_ROOT_URL") and not is_secret_name("HOSTNAME")


@pytest.mark.parametrize(
    "text",
    [
        "A" * 200_000 + "PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----" * 8_000,
        "AAAAAAAAAAAAAAAA\n" * 12_000 + "-----END PRIVATE KEY-----",
        "eyJ" * 70_000,
        "password=" * 22_000,
        "://a:" + "b" * 200_000,
        "GET /readiness 200 in 3 ms token_cache=hit http://127.0.0.1:3000/x\n" * 3_000,
    ],
    ids=["base64", "beginnings", "end", "jwt", "names", "address", "log"],
)
def test_a_big_log_takes_no_longer_than_its_size(text: str) -> None:
    def seconds(part: str) -> float:
        started = time.process_time()
        scrub(part)
        return time.process_time() - started

    # The least of several: whatever else the machine did in between only ever adds.
    tenth = min(seconds(text[: len(text) // 10]) for _ in range(3))
    assert min(seconds(text) for _ in range(3)) < 60 * max(tenth, 0.001)  # 10 when linear, 100 when quadratic
