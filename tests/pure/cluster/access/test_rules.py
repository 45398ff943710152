"""RBAC rules as the API server reads them: what they allow, and whether some cover others."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.cluster.access.rules import Deed, allows, beyond


def rule(group: str, resource: str, *verbs: str, names: list[str] | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
    return made | ({"resourceNames": names} if names else {})


@pytest.mark.parametrize(
    ("own", "deed", "may"),
    [
        (rule("", "pods", "get"), Deed("get", "", "pods"), True),
        (rule("", "pods", "get"), Deed("list", "", "pods"), False),
        (rule("", "pods", "get"), Deed("get", "apps", "pods"), False),
        (rule("", "pods", "get"), Deed("get", "", "pods/log"), False),
        (rule("", "pods/*", "get"), Deed("get", "", "pods/log"), False),
        (rule("", "*/log", "get"), Deed("get", "", "pods/log"), True),
        (rule("", "*", "get"), Deed("get", "", "pods/log"), True),
        (rule("*", "*", "*"), Deed("delete", "batch", "jobs", "one"), True),
        (rule("", "secrets", "get", names=["one"]), Deed("get", "", "secrets", "one"), True),
        (rule("", "secrets", "get", names=["one"]), Deed("get", "", "secrets"), False),
        (rule("", "secrets", "get"), Deed("get", "", "secrets", "one"), True),
        ({"nonResourceURLs": ["/health*"], "verbs": ["get"]}, Deed("get", path="/healthz"), True),
        ({"nonResourceURLs": ["/healthz"], "verbs": ["get"]}, Deed("get", path="/livez"), False),
        ({}, Deed("get", "", "pods"), False),
    ],
)
def test_what_a_rule_allows(own: dict[str, Any], deed: Deed, may: bool) -> None:
    assert allows([own], deed) is may


def test_what_is_beyond_ones_own_is_told_one_by_one() -> None:
    own = [rule("", "pods", "get", "list"), rule("apps", "deployments", "*")]
    assert beyond(own, [rule("", "pods", "list"), rule("apps", "deployments", "patch")]) == []
    wanted = [rule("", "pods", "get", "delete"), rule("apps", "deployments/scale", "get")]
    assert beyond(own, wanted) == [Deed("delete", "", "pods"), Deed("get", "apps", "deployments/scale")]
