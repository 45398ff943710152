"""Where credentials come from, and that none of them is ever printed."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import trustme
from toolkit.base.outcome import Misused
from toolkit.base.redaction import redact
from toolkit.cluster.api import credentials, errors
from toolkit.settings.model import Cluster, Ref, Where

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjaSJ9.c2lnbmF0dXJl"
CLUSTER = Cluster(
    "cloud", "docker", server=Ref("T_SERVER"), certificate=Ref("T_CA"), token=Ref("T_TOKEN_{SPACE}")
)


@pytest.mark.parametrize(
    ("given", "token"),
    [
        (JWT, JWT),
        (base64.b64encode(JWT.encode()).decode(), JWT),
        (base64.encodebytes(JWT.encode() * 3).decode(), JWT * 3),
        (f"{JWT}\n", JWT),
        (base64.b64encode(b"opaque-token").decode(), "opaque-token"),
        ("opaque-token-0123", "opaque-token-0123"),
        ("abcd", "abcd"),  # valid base64 of bytes that no header may hold
    ],
)
def test_tokens_come_plain_or_in_base64(given: str, token: str) -> None:
    assert credentials.plain_token(given) == token


def environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    ca = trustme.CA().cert_pem.bytes()
    defaults = {"T_SERVER": "abc.example.eks.amazonaws.com", "T_CA": base64.b64encode(ca).decode()}
    for name, value in {**defaults, **values}.items():
        monkeypatch.setenv(name, value)


def test_each_space_has_its_own_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment(monkeypatch, T_TOKEN_TEST_DEV="token-of-dev", T_TOKEN_LIVE_DEV="token-of-live")
    for space, token in (("test-dev", "token-of-dev"), ("live-dev", "token-of-live")):
        found = credentials.load(CLUSTER, space, tmp_path)
        assert found.authorization() == f"Bearer {token}"
        assert found.holder == f"T_TOKEN_{space.upper().replace('-', '_')}"
        assert found.server == "https://abc.example.eks.amazonaws.com"
        assert redact(f"it is {token}") == "it is ***"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "T_TOKEN_TEST_DEV is not set"),
        ({"T_TOKEN_TEST_DEV": "x" * 20, "T_SERVER": ""}, "T_SERVER is not set"),
        ({"T_TOKEN_TEST_DEV": "x" * 20, "T_CA": "not-a-certificate"}, "T_CA holds no certificate"),
    ],
)
def test_what_is_missing_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, values: dict[str, str], named: str
) -> None:
    environment(monkeypatch, **values)
    with pytest.raises(Misused) as caught:
        credentials.load(CLUSTER, "test-dev", tmp_path)
    assert named in caught.value.reason
    assert "not-a-certificate" not in caught.value.reason


def test_a_broken_certificate_is_no_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydA==\n-----END CERTIFICATE-----\n"
    environment(monkeypatch, T_TOKEN_TEST_DEV="x" * 20, T_CA=broken)
    with pytest.raises(Misused, match="T_CA holds no certificate"):
        credentials.load(CLUSTER, "test-dev", tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no kubeconfig"),
        ("a: [", "cannot be used"),
        ("", "names no current-context"),
        (
            "apiVersion: v1\nkind: Config\ncontexts: []\nclusters: []\ncurrent-context: x\n",
            "has no context x",
        ),
        ("- 1\n", "cannot be used"),
    ],
)
def test_a_kubeconfig_that_is_no_use_is_named(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "kube config"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Misused) as caught:
        credentials.load(Cluster("k", "docker", kubeconfig=file), "test-dev", tmp_path)
    assert words in caught.value.reason
    assert "kube config" in caught.value.reason


def test_the_variable_that_names_a_kubeconfig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cluster = Cluster("k", "docker", kubeconfig=Ref("T_KUBECONFIG"))
    monkeypatch.delenv("T_KUBECONFIG", raising=False)
    with pytest.raises(Misused, match="T_KUBECONFIG is not set"):
        credentials.load(cluster, "test-dev", tmp_path)
    monkeypatch.setenv("T_KUBECONFIG", "relative/config")
    assert credentials.kubeconfig_of(cluster, Where("test-dev"), tmp_path)[0] == (Path("relative/config"),)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, b'{"message":"Unauthorized"}', "the credential in T_TOKEN was refused (401)"),
        (403, b'{"message":"pods is forbidden: User \\"x\\" cannot list"}', "T_TOKEN may not do this (403)"),
        (403, b'{"message":"exceeded quota: compute"}', "exceeded quota"),
        (404, b'{"details":{"kind":"namespaces","name":"n"},"message":"x"}', "there is no namespace n"),
        (500, b"<html>oops</html>", "oops"),
        (502, b"", "HTTP 502"),
    ],
)
def test_an_error_status_becomes_a_sentence(status: int, body: bytes, words: str) -> None:
    error = errors.api_error(
        status, body, doing="listing pods", cluster="cloud", space="test-dev", holder="T_TOKEN"
    )
    assert words in error.reason
    assert "cluster cloud, space test-dev" in error.reason
    assert error.status == status


@pytest.mark.parametrize(
    ("server", "proxy"), [("https://127.5.0.1:6443", None), ("https://k8s.example", "http://p:1")]
)
def test_a_proxy_is_not_asked_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: str, proxy: str | None
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://p:1")
    monkeypatch.setenv("https_proxy", "http://p:1")
    environment(monkeypatch, T_SERVER=server, T_TOKEN_TEST_DEV="x" * 20)
    pool = credentials.load(CLUSTER, "test-dev", tmp_path).pool
    assert (str(pool.proxy) if pool.proxy else None) == proxy
