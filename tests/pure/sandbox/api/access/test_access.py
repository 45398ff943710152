"""RBAC and ServiceAccount tokens."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.access.authentication import ADMIN, User
from sandbox.api.access.authorization import Attributes, allowed, refusal, rules_for
from sandbox.api.access.tokens import ISSUER, issue, signing_key, verify
from sandbox.api.storage import bootstrap

ROBOT = User("system:serviceaccount:n:robot", ("system:serviceaccounts", "system:serviceaccounts:n"))


class Roles:
    """Role objects given by hand: namespace -> bindings, (kind, namespace, name) -> rules."""

    def __init__(self, bindings: dict[str, list[Any]], rules: dict[tuple[str, str, str], list[Any]]) -> None:
        self._bindings, self._rules = bindings, rules

    def bindings(self, namespace: str) -> Iterable[Any]:
        return self._bindings.get(namespace, [])

    def rules(self, kind: str, namespace: str, name: str) -> list[Any]:
        return self._rules.get((kind, namespace if kind == "Role" else "", name), [])


def binding(role_kind: str, role: str, **subject: str) -> dict[str, Any]:
    return {"roleRef": {"kind": role_kind, "name": role}, "subjects": [subject]}


def roles(rule: dict[str, Any], **subject: str) -> Roles:
    subject = subject or {"kind": "ServiceAccount", "name": "robot", "namespace": "n"}
    return Roles({"n": [binding("Role", "r", **subject)]}, {("Role", "n", "r"): [rule]})


PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}


@pytest.mark.parametrize(
    ("rule", "wanted", "expected"),
    [
        (PODS, Attributes("get", "", "pods", namespace="n", name="a"), True),
        (PODS, Attributes("delete", "", "pods", namespace="n"), False),
        (PODS, Attributes("get", "apps", "pods", namespace="n"), False),
        (PODS, Attributes("get", "", "pods", "log", "n"), False),
        (PODS, Attributes("get", "", "pods", namespace="m"), False),
        (PODS, Attributes("list", "", "pods"), False),
        ({**PODS, "resources": ["pods/log"]}, Attributes("get", "", "pods", "log", "n"), True),
        ({**PODS, "resources": ["*/log"]}, Attributes("get", "", "pods", "log", "n"), True),
        ({**PODS, "resources": ["*/log"]}, Attributes("get", "", "pods", "", "n"), False),
        ({**PODS, "resources": ["*"]}, Attributes("get", "", "pods", "log", "n"), True),
        ({**PODS, "verbs": ["*"]}, Attributes("patch", "", "pods", namespace="n"), True),
        ({**PODS, "resourceNames": ["a"]}, Attributes("get", "", "pods", namespace="n", name="a"), True),
        ({**PODS, "resourceNames": ["a"]}, Attributes("get", "", "pods", namespace="n", name="b"), False),
        ({**PODS, "resourceNames": ["a"]}, Attributes("list", "", "pods", namespace="n"), False),
    ],
)
def test_rules(rule: dict[str, Any], wanted: Attributes, expected: bool) -> None:
    assert allowed(ROBOT, wanted, roles(rule)) is expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"kind": "User", "name": "system:serviceaccount:n:robot"}, True),
        ({"kind": "Group", "name": "system:serviceaccounts:n"}, True),
        ({"kind": "Group", "name": "system:serviceaccounts:m"}, False),
        ({"kind": "ServiceAccount", "name": "robot", "namespace": "m"}, False),
        ({"kind": "ServiceAccount", "name": "other", "namespace": "n"}, False),
        ({"kind": "User", "name": "robot"}, False),
    ],
)
def test_subjects(subject: dict[str, str], expected: bool) -> None:
    assert allowed(ROBOT, Attributes("get", "", "pods", namespace="n"), roles(PODS, **subject)) is expected


def test_cluster_roles_reach_as_far_as_their_binding() -> None:
    rules = {("ClusterRole", "", "c"): [PODS]}
    group = {"kind": "Group", "name": "system:serviceaccounts"}
    local = Roles({"n": [binding("ClusterRole", "c", **group)]}, rules)
    everywhere = Roles({"": [binding("ClusterRole", "c", **group)]}, rules)
    for namespace, in_local in (("n", True), ("m", False), ("", False)):
        wanted = Attributes("list", "", "pods", namespace=namespace)
        assert allowed(ROBOT, wanted, local) is in_local
        assert allowed(ROBOT, wanted, everywhere)


def test_paths_and_the_administrator() -> None:
    rule = {"nonResourceURLs": ["/version", "/openapi/*"], "verbs": ["get"]}
    given = Roles(
        {"": [binding("ClusterRole", "d", kind="User", name=ROBOT.name)]}, {("ClusterRole", "", "d"): [rule]}
    )
    for path, expected in (
        ("/version", True),
        ("/openapi/v3", True),
        ("/versions", False),
        ("/metrics", False),
    ):
        assert allowed(ROBOT, Attributes("get", path=path), given) is expected
        assert allowed(ADMIN, Attributes("get", path=path), Roles({}, {}))


def test_dangling_bindings_grant_nothing() -> None:
    dangling = Roles({"n": [binding("Role", "gone", kind="User", name=ROBOT.name)]}, {})
    assert list(rules_for(ROBOT, "n", dangling)) == []
    nobody = Roles({"n": [{"roleRef": {"kind": "Role", "name": "r"}}]}, {})
    assert not allowed(ROBOT, Attributes("get", "", "pods", namespace="n"), nobody)


def test_refusals_read_like_upstream() -> None:
    wanted = Attributes("get", "", "pods", "log", "n", "a")
    assert refusal(ROBOT, wanted) == (
        'User "system:serviceaccount:n:robot" cannot get resource "pods/log" in API group "" '
        'in the namespace "n"'
    )
    assert refusal(ROBOT, Attributes("list", "apps", "x")).endswith(
        'in API group "apps" at the cluster scope'
    )
    assert refusal(ROBOT, Attributes("get", path="/x")).endswith('cannot get path "/x"')


def test_bootstrap_roles_are_whole() -> None:
    objects = bootstrap.objects()
    names = {one["metadata"]["name"] for one in objects if one["kind"] == "ClusterRole"}
    assert {one["roleRef"]["name"] for one in objects if one["kind"] == "ClusterRoleBinding"} <= names
    assert {"cluster-admin", "admin", "edit", "view"} <= names


ACCOUNT = {"metadata": {"namespace": "n", "name": "robot", "uid": "u"}}
KEY = b"k" * 32


def test_tokens_say_who_and_until_when() -> None:
    token = issue(KEY, ACCOUNT, now=1000, expires=2000, bound={"kind": "Pod", "name": "a", "uid": "p"})
    claims = verify(KEY, token, 1500)
    assert (
        claims is not None and claims["sub"] == "system:serviceaccount:n:robot" and claims["aud"] == [ISSUER]
    )
    assert claims["kubernetes.io"]["pod"] == {"name": "a", "uid": "p"}
    assert verify(KEY, token, 2000) is None and verify(b"x" * 32, token, 1500) is None
    assert verify(KEY, issue(KEY, ACCOUNT, now=1000, expires=None), 10**12) is not None
    assert verify(KEY, issue(KEY, ACCOUNT, now=1, expires=None, audiences=["else"]), 2) is None


@given(st.integers(0, 300), st.characters(min_codepoint=33, max_codepoint=126))
def test_no_character_of_a_token_can_change(place: int, character: str) -> None:
    token = issue(KEY, ACCOUNT, now=1000, expires=2000)
    place %= len(token)
    changed = token[:place] + character + token[place + 1 :]
    # The last character of base64 carries bits that no byte has.
    if changed != token and place != len(token) - 1:
        assert verify(KEY, changed, 1500) is None


@given(st.text())
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert verify(KEY, text, 0) is None


def test_the_key_stays(tmp_path: Path) -> None:
    key = signing_key(tmp_path / "ca")
    assert len(key) >= 32 and signing_key(tmp_path / "ca") == key
