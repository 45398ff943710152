"""Roles and bindings among the objects, foreseen with a credential that may not do everything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.cluster.preflight.ahead import Ahead
from tests.sandbox.cluster.preflight.test_preflight_namespace import ENOUGH, FORESIGHT, ahead, robot, rule

__all__ = ["ahead"]  # the fixture

GROUP = "rbac.authorization.k8s.io"
WRITES = rule(GROUP, ["roles", "rolebindings"], ["get", "list", "create", "patch", "delete"])
ENDPOINTS = {"apiGroups": [""], "resources": ["endpoints"], "verbs": ["get"]}


def access(ahead: Ahead, rules: list[dict[str, Any]], role: str = "fb-tiny") -> list[dict[str, Any]]:
    """A Role, and what binds one of that name."""
    reference = {"apiGroup": GROUP, "kind": "Role", "name": role}
    subjects = [{"kind": "ServiceAccount", "name": "default", "namespace": ahead.namespace}]
    return [
        ahead.obj("RoleBinding", "fb-tiny", f"{GROUP}/v1", roleRef=reference, subjects=subjects),
        ahead.obj("Role", "fb-tiny", f"{GROUP}/v1", rules=rules),
    ]


def as_robot(ahead: Ahead, monkeypatch: pytest.MonkeyPatch, *more: dict[str, Any]) -> None:
    ahead.connection = robot(ahead, monkeypatch, [*ENOUGH, *FORESIGHT, *more])


def test_a_binding_to_a_role_that_comes_with_it_is_no_problem(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_robot(ahead, monkeypatch, WRITES, ENDPOINTS)
    assert ahead.check(*access(ahead, [ENDPOINTS])) == []
    assert ahead.said == []


def test_a_role_with_more_than_the_credential_has_is_named_with_what_it_grants(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_robot(ahead, monkeypatch, WRITES)
    (problem,) = ahead.check(*access(ahead, [ENDPOINTS]))
    assert problem.is_certain
    assert problem.line == (
        "Role/fb-tiny: grants what the credential may not do itself: "
        '{APIGroups:[""], Resources:["endpoints"], Verbs:["get"]}'
    )
    assert "make role" in problem.remedy


def test_the_leave_to_make_a_role_is_not_the_leave_to_bind_it(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_robot(ahead, monkeypatch, WRITES, rule(GROUP, ["roles"], ["escalate"]))
    (problem,) = ahead.check(*access(ahead, [ENDPOINTS]))
    assert problem.is_certain
    assert problem.line == (
        f"Role/fb-tiny: grants what ROBOT_TOKEN may not do itself in {ahead.namespace}: get endpoints"
    )


def test_who_may_make_and_bind_it_needs_nothing_of_what_it_grants(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_robot(ahead, monkeypatch, WRITES, rule(GROUP, ["roles"], ["escalate", "bind"]))
    assert ahead.check(*access(ahead, [ENDPOINTS])) == []


def test_a_binding_to_a_role_that_is_nowhere_is_a_problem_also_where_roles_may_not_be_read(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_robot(ahead, monkeypatch, rule(GROUP, ["rolebindings"], ["get", "list", "create", "patch", "delete"]))
    binding, _ = access(ahead, [], role="nobodys")
    problems = [each for each in ahead.check(binding) if each.object]
    said = f"there is no such Role in {ahead.namespace}; RoleBinding/fb-tiny (roleRef) needs it"
    assert [(each.line, each.is_certain) for each in problems] == [(f"Role/nobodys: {said}", True)]


def test_roles_that_are_there_as_they_are_may_stay(ahead: Ahead, monkeypatch: pytest.MonkeyPatch) -> None:
    found = access(ahead, [ENDPOINTS])
    ahead.apply(*reversed(found))
    as_robot(ahead, monkeypatch, WRITES)
    assert ahead.check(*found) == []
