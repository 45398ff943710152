"""A cluster that cannot be reached, trusted or used: one sentence within 10 s, and never the credential."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from toolkit.base import signals
from toolkit.base.outcome import Failed, Misused
from toolkit.cluster.api import transport
from toolkit.cluster.api.connection import Connection, connect
from toolkit.cluster.api.errors import ApiError, TlsRefused, Unreachable
from toolkit.settings.model import Cluster, Ref

from tests.scripts import api_double
from tests.scripts.api_double import Double, Request

CANARY = "canary-token-5d1f7c"
CLOUD = Cluster(
    "cloud", "docker", server=Ref("D_SERVER"), certificate=Ref("D_CA"), token=Ref("D_TOKEN_{SPACE}")
)
PLAIN = Cluster("cloud", "docker", server=Ref("D_SERVER"), token=Ref("D_TOKEN_{SPACE}"))


@pytest.fixture
def reach(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Connection]:
    def to(url: str, ca: str = "", namespace: str | None = None) -> Connection:
        monkeypatch.setenv("D_SERVER", url)
        monkeypatch.setenv("D_CA", base64.b64encode(ca.encode()).decode())
        monkeypatch.setenv("D_TOKEN_TEST_DEV", CANARY)
        return connect(CLOUD if ca else PLAIN, "test-dev", tmp_path, namespace=namespace)

    return to


def failing(call: Callable[[], object], within: float = 10.0) -> Failed:
    """The failure of a call: in time, with cluster and space named, and without the credential."""
    started = time.monotonic()
    with pytest.raises(Failed) as caught:
        call()
    assert time.monotonic() - started < within
    said = f"{caught.value.reason} {caught.value.remedy} {caught.value!r}"
    assert "cluster cloud, space test-dev" in said
    assert "D_TOKEN_TEST_DEV" in said
    assert CANARY not in said
    return caught.value


def test_the_credential_goes_into_the_header_and_the_client_names_itself(
    double: Double, reach: Callable[..., Connection]
) -> None:
    connection = reach(double.url, double.ca)
    assert connection.get("/version") == {"major": "1"}
    assert double.requests[0].headers["authorization"] == f"Bearer {CANARY}"
    assert double.requests[0].headers["user-agent"] == transport.USER_AGENT


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        (401, "Unauthorized", "the credential in D_TOKEN_TEST_DEV was refused (401)"),
        (403, 'pods is forbidden: User "ci" cannot list resource "pods"', "may not do this (403)"),
    ],
)
def test_a_refused_credential_is_named_by_its_variable(
    double: Double, reach: Callable[..., Connection], code: int, message: str, words: str
) -> None:
    double.answer = lambda request: request.status(code, message)
    error = failing(lambda: reach(double.url, double.ca, "ns"))
    assert isinstance(error, ApiError) and error.status == code
    assert words in error.reason


def test_a_missing_namespace_is_named(double: Double, reach: Callable[..., Connection]) -> None:
    def answer(request: Request) -> None:
        if request.path == "/api/v1/namespaces/ns":
            request.status(404, 'namespaces "ns" not found', kind="namespaces", name="ns")
        else:
            request.json({"items": []})

    double.answer = answer
    with pytest.raises(ApiError, match="cluster cloud, space test-dev: there is no namespace ns"):
        reach(double.url, double.ca, "ns")


def test_a_namespace_that_may_not_be_read_is_presumed_there(
    double: Double, reach: Callable[..., Connection]
) -> None:
    def answer(request: Request) -> None:
        if request.path == "/api/v1/namespaces/ns":
            request.status(403, 'namespaces "ns" is forbidden: User "ci" cannot get')
        else:
            request.json({"items": []})

    double.answer = answer
    assert reach(double.url, double.ca, "ns").space == "test-dev"


def test_a_server_of_another_authority_is_not_trusted(
    double: Double, reach: Callable[..., Connection]
) -> None:
    other = trustme.CA().cert_pem.bytes().decode()
    error = failing(lambda: reach(double.url, other))
    assert isinstance(error, TlsRefused)
    assert "cannot be trusted" in error.reason
    assert not double.requests, "the credential was sent to a server that is not trusted"


def test_a_certificate_for_another_name_is_not_trusted(reach: Callable[..., Connection]) -> None:
    with api_double.running(tls=True, name="other.example") as double:
        assert isinstance(failing(lambda: reach(double.url, double.ca)), TlsRefused)


def test_nothing_listens(reach: Callable[..., Connection]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        error = failing(lambda: reach(url))
    assert isinstance(error, Unreachable)
    assert "does not accept connections" in error.reason


def test_a_server_that_accepts_and_never_answers(
    reach: Callable[..., Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert transport.READ_SECONDS + transport.CONNECT_SECONDS < 14
    monkeypatch.setattr(transport, "READ_SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        error = failing(lambda: reach(f"http://127.0.0.1:{silent.getsockname()[1]}"))
    assert "did not answer" in error.reason


def test_something_that_is_no_api(double: Double, reach: Callable[..., Connection]) -> None:
    double.answer = lambda request: request.raw(b"<html>welcome</html>")
    with pytest.raises(Failed, match="does not answer as a Kubernetes API does"):
        reach(double.url, double.ca)


def test_a_read_is_asked_again_when_the_connection_breaks(
    double: Double, reach: Callable[..., Connection]
) -> None:
    connection = reach(double.url, double.ca)

    def answer(request: Request) -> None:
        if len(double.requests) < 4:
            request.drop()
        else:
            request.json({"found": True})

    double.answer = answer
    assert connection.get("/x") == {"found": True}


def test_a_write_that_may_have_arrived_is_not_sent_twice(
    double: Double, reach: Callable[..., Connection]
) -> None:
    connection = reach(double.url, double.ca)
    double.answer = lambda request: request.drop()
    before = len(double.requests)
    with pytest.raises(Unreachable, match="broke the connection"):
        connection.create("/api/v1/namespaces/x/pods", {"kind": "Pod", "metadata": {"name": "p"}})
    assert len(double.requests) == before + 1


CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"k": "v"}}


def test_an_apply_that_may_have_arrived_is_sent_again(
    double: Double, reach: Callable[..., Connection]
) -> None:
    """It says what is to be: a server that drops the connection while it restarts fails no deployment."""
    connection = reach(double.url, double.ca)
    before = len(double.requests)
    double.answer = lambda request: (
        request.drop() if len(double.requests) < before + 4 else request.json(CONFIG_MAP)
    )
    made = connection.apply("/api/v1/namespaces/x/configmaps/c", CONFIG_MAP)
    assert made["data"] == {"k": "v"}
    sent = double.requests[before:]
    assert len(sent) == 4 and {each.body for each in sent} == {json.dumps(CONFIG_MAP).encode()}


def test_an_apply_without_an_answer_is_sent_again(
    double: Double, reach: Callable[..., Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = reach(double.url, double.ca)
    monkeypatch.setattr(transport, "WRITE_SECONDS", 0.3)
    before = len(double.requests)

    def answer(request: Request) -> None:
        if len(double.requests) == before + 1:
            double.ended.wait(10)
        else:
            request.json(CONFIG_MAP)

    double.answer = answer
    assert connection.apply("/api/v1/namespaces/x/configmaps/c", CONFIG_MAP)["data"] == {"k": "v"}
    assert len(double.requests) == before + 2


def test_a_change_of_one_version_is_not_sent_twice(double: Double, reach: Callable[..., Connection]) -> None:
    connection = reach(double.url, double.ca)
    double.answer = lambda request: request.drop()
    before = len(double.requests)
    with pytest.raises(Unreachable, match="broke the connection"):
        connection.merge("/api/v1/namespaces/x/configmaps/c", {"metadata": {"resourceVersion": "7"}})
    assert len(double.requests) == before + 1


def test_a_write_waits_for_a_server_that_is_away(
    double: Double, reach: Callable[..., Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than a read does, and not when somebody ended the run."""
    connection = reach(double.url, double.ca)
    monkeypatch.setattr(transport, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(transport, "WRITE_PATIENCE_SECONDS", 60.0)
    before = len(double.requests)
    double.answer = lambda request: (
        request.drop() if len(double.requests) < before + 6 else request.json(CONFIG_MAP)
    )
    assert connection.apply("/api/v1/namespaces/x/configmaps/c", CONFIG_MAP)["data"] == {"k": "v"}
    double.answer = lambda request: request.drop()
    monkeypatch.setattr(signals, "has_come", lambda: True)
    before = len(double.requests)
    with pytest.raises(Unreachable):
        connection.apply("/api/v1/namespaces/x/configmaps/c", CONFIG_MAP)
    assert len(double.requests) <= before + 2


def test_pages_are_joined_and_an_expired_token_starts_again(
    double: Double, reach: Callable[..., Connection]
) -> None:
    connection = reach(double.url, double.ca)

    def answer(request: Request) -> None:
        if "continue" in request.query:
            request.status(410, "the continue token expired")
        elif "limit" in request.query:
            request.json({"metadata": {"continue": "more"}, "items": [{"n": 1}]})
        else:
            request.json({"metadata": {"resourceVersion": "7"}, "items": [{"n": 1}, {"n": 2}]})

    double.answer = answer
    assert connection.list("/api/v1/pods")["items"] == [{"n": 1}, {"n": 2}]


def test_kinds_that_are_not_built_in_are_discovered(double: Double, reach: Callable[..., Connection]) -> None:
    connection = reach(double.url, double.ca)
    resources = [
        {"name": "widgets/status", "kind": "Widget"},
        {"name": "widgets", "kind": "Widget", "namespaced": True},
    ]
    double.answer = lambda request: request.json({"resources": resources})
    obj = {"apiVersion": "x.example/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "n"}}
    assert connection.path_of(obj) == "/apis/x.example/v1/namespaces/n/widgets/w"
    with pytest.raises(Misused, match="does not serve the kind Gadget"):
        connection.resource("x.example/v1", "Gadget")
