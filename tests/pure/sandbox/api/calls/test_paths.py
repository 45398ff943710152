"""URL paths: what a request asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.calls.paths import target
from sandbox.api.wire.status import StatusError


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


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1", "/apis/apps/v1", "/apis/other/v1/pods", "/metrics"])
def test_paths_that_are_no_resource(path: str) -> None:
    assert target("GET", path, {}) is None


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/unicorns",
        "/api/v2/pods",
        "/apis/apps/v9/deployments",
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
