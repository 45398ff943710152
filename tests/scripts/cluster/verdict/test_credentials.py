"""A credential that expires in the middle of a rollout, and a server that is too busy to answer."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from toolkit.base.outcome import Kind
from toolkit.cluster.api import stream
from toolkit.cluster.api.connection import Connection, connect
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.verdict import trust
from toolkit.settings.model import Cluster as Model

from tests.scripts import api_double
from tests.scripts.api_double import Request
from tests.scripts.cluster_double import Cluster, applied, eventually, following


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "FIRST_PAUSE", 0.05)


@pytest.fixture
def secured() -> Iterator[Cluster]:
    """A cluster behind TLS: no token of a kubeconfig is sent without."""
    with api_double.running(tls=True) as server:
        yield Cluster(server)


def guarded(cluster: Cluster, token: str) -> None:
    """From now on only this token is known; streams that are open break."""

    def refuse(request: Request) -> bool:
        if request.headers.get("authorization") == f"Bearer {token}":
            return False
        request.status(401, "Unauthorized")
        return True

    cluster.fault(refuse=refuse, down=True)
    cluster.fault(down=False)


def test_a_token_that_expires_is_read_again_from_its_variable(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.become("lookalike-container-creating")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        monkeypatch.setenv("C_TOKEN", "the-next-token")
        guarded(cluster, "the-next-token")
        cluster.become("healthy")
        assert rolling.verdict().outcome.passed


def kubeconfig(file: Path, cluster: Cluster, user: dict[str, Any]) -> Path:
    """Write a kubeconfig for that user."""
    ca = {"certificate-authority-data": base64.b64encode(cluster.double.ca.encode()).decode()}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": cluster.double.url, **ca}}],
        "users": [{"name": "x", "user": user}],
    }
    file.write_text(yaml.safe_dump(content))
    return file


def test_a_token_that_expires_is_read_again_from_its_kubeconfig(secured: Cluster, tmp_path: Path) -> None:
    file = kubeconfig(tmp_path / "kubeconfig", secured, {"token": "the-first-token"})
    connection = connect(Model("c", "docker", kubeconfig=file), "s", tmp_path)
    secured.become("lookalike-container-creating")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        kubeconfig(file, secured, {"token": "the-next-token"})
        guarded(secured, "the-next-token")
        secured.become("healthy")
        assert rolling.verdict().outcome.passed


def test_a_credential_plugin_is_run_again_when_its_token_is_refused(secured: Cluster, tmp_path: Path) -> None:
    token = tmp_path / "token"
    plugin = tmp_path / "plugin"
    api = "client.authentication.k8s.io/v1"
    answer = f'{{"apiVersion": "{api}", "kind": "ExecCredential", "status": {{"token": "%s"}}}}'
    plugin.write_text(f"#!/bin/sh\nprintf '{answer}' \"$(cat '{token}')\"\n")
    plugin.chmod(0o755)
    file = kubeconfig(
        tmp_path / "kubeconfig",
        secured,
        {
            "exec": {
                "apiVersion": api,
                "command": str(plugin),
                "interactiveMode": "Never",
            }
        },
    )
    token.write_text("the-first-token")
    connection = connect(Model("c", "docker", kubeconfig=file), "s", tmp_path)
    secured.become("lookalike-container-creating")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        token.write_text("the-next-token")
        guarded(secured, "the-next-token")
        secured.become("healthy")
        assert rolling.verdict().outcome.passed


def test_a_token_that_has_no_successor_is_a_failure_that_names_its_variable(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "REFUSED_SECONDS", 1.0)
    cluster.become("lookalike-container-creating")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        guarded(cluster, "a-token-that-nobody-has")
        with pytest.raises(ApiError) as caught:
            rolling.verdict()
    assert caught.value.status == 401
    assert "the credential in C_TOKEN was refused (401)" in caught.value.reason
    said = "\n".join(caught.value.evidence)
    assert "when it could be seen last: fb-submitter-api-test-dev: " in said and " updated, " in said
    assert "a-token-for-tests" not in f"{caught.value.reason} {rolling.said}"


def test_a_server_that_starts_may_refuse_for_a_moment(cluster: Cluster, connection: Connection) -> None:
    cluster.become("lookalike-container-creating")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        guarded(cluster, "rbac-is-not-there-yet")
        eventually(lambda: any("was refused (401)" in line for line in rolling.said))
        cluster.fault(refuse=lambda request: False)
        cluster.become("healthy")
        assert rolling.verdict().outcome.passed


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_when_it_says_so(
    cluster: Cluster, connection: Connection, status: int
) -> None:
    refused: list[float] = []

    def refuse(request: Request) -> bool:
        if len(refused) >= 6:
            return False
        refused.append(time.monotonic())
        body = b'{"kind":"Status","message":"too many requests"}'
        request.raw(body, status, {"Retry-After": "1", "Content-Type": "application/json"})
        return True

    cluster.become("lookalike-container-creating")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        cluster.fault(refuse=refuse, down=True)
        cluster.fault(down=False)
        cluster.become("healthy")
        assert rolling.verdict().outcome.passed
    assert refused[-1] - refused[0] >= 1, "asked again before the server said so"


def test_a_write_that_a_busy_server_sent_away_is_sent_again(cluster: Cluster, connection: Connection) -> None:
    answers = iter([429, 201])

    def refuse(request: Request) -> bool:
        status = next(answers)
        request.raw(b'{"kind":"Status"}', status, {"Retry-After": "1"})
        return True

    cluster.fault(refuse=refuse)
    made = connection.create(
        "/api/v1/namespaces/ns/configmaps", {"kind": "ConfigMap", "metadata": {"name": "x"}}
    )
    assert made == {"kind": "Status"}
    assert len(cluster.double.requests) == 3


@pytest.mark.parametrize("listed", [True, False], ids=["may list", "may only watch"])
def test_a_credential_that_may_not_get_one_object_gets_its_verdict_all_the_same(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch, *, listed: bool
) -> None:
    monkeypatch.setenv("PATIENCE_SCALE", "0.2")  # 4 s, in which no stream says anything new

    def refuse(request: Request) -> bool:
        one = "/replicasets/" in request.path
        asked = request.path.endswith("/replicasets") and "fieldSelector" in request.query
        if not one and (listed or not asked):
            return False
        request.status(403, "Forbidden")
        return True

    cluster.fault(refuse=refuse)
    cluster.become("admission-webhook-broken")
    with following(connection, applied(), deadline=60) as rolling:
        verdict = rolling.verdict()
    assert verdict.outcome.details["cause"] == "admission" and verdict.outcome.kind is Kind.FAILED
    assert "not rolled out within" not in verdict.outcome.reason
