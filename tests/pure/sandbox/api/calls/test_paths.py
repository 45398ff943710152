"""Paths, Accept headers, bodies, continue tokens and delete options."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.calls.paths import target
from sandbox.api.handlers.proxies import split
from sandbox.api.reading.pages import decode_token, encode_token
from sandbox.api.wire.negotiation import Form, form_of
from sandbox.api.wire.status import StatusError
from sandbox.api.writing.decoding import dry_run, parse, typed
from sandbox.api.writing.deletion import DeleteOptions
from sandbox.base.kinds import KINDS, the_kind


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v1/pods", ("pods", "list", "", "", "", "")),
        ("GET", "/api/v1/namespaces/n/pods", ("pods", "list", "n", "", "", "")),
        ("GET", "/api/v1/namespaces/n/pods/", ("pods", "list", "n", "", "", "")),
        ("POST", "/api/v1/namespaces/n/pods", ("pods", "create", "n", "", "", "")),
        ("DELETE", "/api/v1/namespaces/n/pods", ("pods", "deletecollection", "n", "", "", "")),
        ("DELETE", "/api/v1/namespaces/n/pods/a", ("pods", "delete", "n", "a", "", "")),
        ("HEAD", "/api/v1/namespaces/n/pods/a", ("pods", "get", "n", "a", "", "")),
        ("GET", "/api/v1/namespaces/n/pods/a/log", ("pods", "get", "n", "a", "log", "")),
        ("POST", "/api/v1/namespaces/n/pods/a/proxy/x/y", ("pods", "create", "n", "a", "proxy", "x/y")),
        ("GET", "/api/v1/namespaces", ("namespaces", "list", "", "", "", "")),
        ("GET", "/api/v1/namespaces/n", ("namespaces", "get", "", "n", "", "")),
        ("PUT", "/api/v1/namespaces/n/finalize", ("namespaces", "update", "", "n", "finalize", "")),
        ("PATCH", "/api/v1/namespaces/n/status", ("namespaces", "patch", "", "n", "status", "")),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/n/deployments/d/scale",
            ("deployments", "patch", "n", "d", "scale", ""),
        ),
        (
            "GET",
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/x",
            ("clusterroles", "get", "", "x", "", ""),
        ),
    ],
)
def test_paths(method: str, path: str, expected: tuple[str, ...]) -> None:
    found = target(method, path, {})
    assert found is not None
    assert (
        found.info.plural,
        found.verb,
        found.namespace,
        found.name,
        found.subresource,
        found.rest,
    ) == expected


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/v1", "/apis/apps/v1", "/apis/other/v1/pods", "/metrics", "/api/v2/pods"]
)
def test_paths_that_are_no_resource(path: str) -> None:
    assert target("GET", path, {}) is None


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/unicorns",
        "/api/v1/namespaces/n/nodes",
        "/api/v1/pods/a",
        "/api/v1/namespaces/n/pods/a/nonsense",
        "/api/v1/namespaces/n/pods/a/log/more",
        "/apis/apps/v1/namespaces/n/pods",
    ],
)
def test_paths_that_do_not_exist(path: str) -> None:
    with pytest.raises(StatusError) as error:
        target("GET", path, {})
    assert error.value.code == 404


def test_watch_is_a_verb() -> None:
    for value, verb in (("true", "watch"), ("1", "watch"), ("false", "list"), ("", "list")):
        found = target("GET", "/api/v1/pods", {"watch": value})
        assert found is not None and found.verb == verb


@given(st.text(max_size=60))
def test_any_path_has_an_answer(text: str) -> None:
    try:
        target("GET", "/api/v1/" + text, {})
    except StatusError as error:
        assert error.code == 404


TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", Form.OBJECT),
        ("*/*", Form.OBJECT),
        ("application/json", Form.OBJECT),
        ("application/vnd.kubernetes.protobuf,application/json", Form.OBJECT),
        (f"{TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", Form.TABLE),
        ("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", Form.OBJECT),
        (
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json",
            Form.OBJECT,
        ),
        ("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", Form.METADATA),
    ],
)
def test_accept(accept: str, expected: Form) -> None:
    assert form_of(accept) is expected


@pytest.mark.parametrize(
    "accept", ["application/vnd.kubernetes.protobuf", "text/html", "application/json;as=Other;v=v1"]
)
def test_accept_that_cannot_be_served(accept: str) -> None:
    with pytest.raises(StatusError) as error:
        form_of(accept)
    assert error.value.code == 406


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
    assert dry_run(["All"]) and not dry_run([]) and not dry_run([""])
    with pytest.raises(StatusError):
        dry_run(["All", "Some"])


@given(st.integers(0, 2**40), st.text(), st.text())
def test_continue_tokens_come_back(version: int, namespace: str, name: str) -> None:
    assert decode_token(encode_token(version, (namespace, name))) == (version, (namespace, name))


@given(st.text(max_size=50))
def test_foreign_tokens_are_bad_requests(text: str) -> None:
    with pytest.raises(StatusError) as error:
        decode_token(text)
    assert error.value.code == 400


def test_delete_options() -> None:
    body = {
        "gracePeriodSeconds": 5,
        "propagationPolicy": "Orphan",
        "preconditions": {"uid": "u"},
        "dryRun": ["All"],
    }
    assert DeleteOptions.read(body, {}) == DeleteOptions(5, "Orphan", "u", None, True)
    assert DeleteOptions.read(None, {"gracePeriodSeconds": "0"}) == DeleteOptions(grace=0)
    assert DeleteOptions.read({"gracePeriodSeconds": 3}, {"gracePeriodSeconds": "0"}).grace == 3
    assert DeleteOptions.read({"orphanDependents": False}, {}).propagation == "Background"
    assert DeleteOptions.read({"gracePeriodSeconds": -1}, {}).grace == 0


@pytest.mark.parametrize(
    "body", [[], "x", {"gracePeriodSeconds": "soon"}, {"preconditions": 1}, {"dryRun": ["x"]}]
)
def test_delete_options_that_make_no_sense(body: Any) -> None:
    with pytest.raises(StatusError) as error:
        DeleteOptions.read(body, {})
    assert error.value.code == 400


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web", ("http", "web", "")),
        ("web:80", ("http", "web", "80")),
        ("http:web:p", ("http", "web", "p")),
        (":web:1", ("http", "web", "1")),
    ],
)
def test_proxy_names(name: str, expected: tuple[str, str, str]) -> None:
    assert split(name) == expected


@pytest.mark.parametrize("name", ["https:web:443", "ftp:web:1", "a:b:c:d"])
def test_proxy_names_that_are_refused(name: str) -> None:
    with pytest.raises(StatusError) as error:
        split(name)
    assert error.value.code == 400


def test_every_kind_is_complete() -> None:
    assert len({(info.group, info.plural) for info in KINDS}) == len(KINDS)
    assert all(info.plural == info.plural.lower() and info.singular == info.kind.lower() for info in KINDS)
    assert all(info.stored or info.verbs == ("create",) for info in KINDS)
