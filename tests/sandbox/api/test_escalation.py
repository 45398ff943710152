"""Nobody grants more than they have: roles and bindings as the real server takes and refuses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sandbox.api.running import Running

RBAC = "/apis/rbac.authorization.k8s.io/v1"
APPLY = {"Content-Type": "application/apply-patch+yaml"}


def rule(resource: str, *verbs: str, group: str = "", **more: Any) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs), **more}


WRITES = [
    rule("roles", "get", "create", "update", "patch", group="rbac.authorization.k8s.io"),
    rule("rolebindings", "get", "create", "update", "patch", group="rbac.authorization.k8s.io"),
    rule("pods", "get", "list"),
]


class Robot:
    """A ServiceAccount that may write roles and bindings in its namespace, and has little to grant."""

    def __init__(self, api: Running, namespace: str, client: httpx.Client) -> None:
        self.api = api
        self.namespace = namespace
        self.client = client
        self.home = f"{RBAC}/namespaces/{namespace}"
        self.who = (
            f'user "system:serviceaccount:{namespace}:robot" (groups=["system:serviceaccounts" '
            f'"system:serviceaccounts:{namespace}" "system:authenticated"])'
        )

    def beyond(self, resource: str, name: str, *lines: str) -> str:
        held = "is attempting to grant RBAC permissions not currently held:\n"
        forbidden = f'{resource}.rbac.authorization.k8s.io "{name}" is forbidden: '
        return f"{forbidden}{self.who} {held}" + "\n".join(lines)


@pytest.fixture
def robot(api: Running, namespace: str) -> Iterator[Robot]:
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    api.create(accounts, {"metadata": {"name": "robot"}})
    token = api.create(f"{accounts}/robot/token", {"spec": {}})["status"]["token"]
    api.create(f"{RBAC}/namespaces/{namespace}/roles", {"metadata": {"name": "own"}, "rules": WRITES})
    api.create(f"{RBAC}/namespaces/{namespace}/rolebindings", binding("own", namespace))
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=api.url, headers=headers, timeout=20) as client:
        yield Robot(api, namespace, client)


def binding(role: str, namespace: str, name: str = "", kind: str = "Role") -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name or role},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": namespace}],
    }


def role(name: str, *rules: dict[str, Any]) -> dict[str, Any]:
    api_version = "rbac.authorization.k8s.io/v1"
    return {"apiVersion": api_version, "kind": "Role", "metadata": {"name": name}, "rules": list(rules)}


def test_a_role_within_ones_own_may_be_made_and_bound(robot: Robot) -> None:
    made = robot.client.post(f"{robot.home}/roles", json=role("few", rule("pods", "list")))
    assert made.status_code == 201, made.text
    bound = robot.client.post(f"{robot.home}/rolebindings", json=binding("few", robot.namespace))
    assert bound.status_code == 201, bound.text


@pytest.mark.parametrize(
    ("rules", "lines"),
    [
        ([rule("pods", "delete")], ['{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}']),
        (
            [rule("pods", "get", "watch", "delete"), rule("secrets", "get", resourceNames=["one"])],
            [
                '{APIGroups:[""], Resources:["pods"], Verbs:["watch" "delete"]}',
                '{APIGroups:[""], Resources:["secrets"], ResourceNames:["one"], Verbs:["get"]}',
            ],
        ),
        ([rule("pods/log", "get")], ['{APIGroups:[""], Resources:["pods/log"], Verbs:["get"]}']),
        ([rule("*", "*", group="*")], ['{APIGroups:["*"], Resources:["*"], Verbs:["*"]}']),
    ],
)
def test_a_role_with_more_than_ones_own_is_refused(
    robot: Robot, rules: list[dict[str, Any]], lines: list[str]
) -> None:
    said = robot.beyond("roles", "more", *lines)
    made = robot.client.post(f"{robot.home}/roles", json=role("more", *rules))
    assert (made.status_code, made.json()["message"]) == (403, said)
    query = "?fieldManager=x&force=false"
    applied = robot.client.patch(f"{robot.home}/roles/more{query}", json=role("more", *rules), headers=APPLY)
    assert (applied.status_code, applied.json()["message"]) == (403, said)
    dry = robot.client.patch(
        f"{robot.home}/roles/more{query}&dryRun=All", json=role("more", *rules), headers=APPLY
    )
    assert (dry.status_code, dry.json()["message"]) == (403, said)


def test_a_role_that_is_there_is_not_made_mightier_and_may_stay_as_it_is(robot: Robot) -> None:
    robot.api.create(f"{robot.home}/roles", role("theirs", rule("secrets", "get")))
    live = robot.client.get(f"{robot.home}/roles/theirs").json()
    labelled = {**live, "metadata": {**live["metadata"], "labels": {"a": "b"}}}
    changed = robot.client.put(f"{robot.home}/roles/theirs", json=labelled)
    line = '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}'
    assert (changed.status_code, changed.json()["message"]) == (403, robot.beyond("roles", "theirs", line))
    assert robot.client.put(f"{robot.home}/roles/theirs", json=live).status_code == 200
    smaller = robot.client.put(f"{robot.home}/roles/theirs", json={**live, "rules": []})
    assert smaller.status_code == 200, smaller.text


def test_a_binding_to_a_mightier_role_is_refused(robot: Robot) -> None:
    robot.api.create(f"{robot.home}/roles", role("mighty", rule("secrets", "get")))
    bound = robot.client.post(f"{robot.home}/rolebindings", json=binding("mighty", robot.namespace))
    line = '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}'
    said = robot.beyond("rolebindings", "mighty", line)
    assert (bound.status_code, bound.json()["message"]) == (403, said)


@pytest.mark.parametrize("kind", ["Role", "ClusterRole"])
def test_a_binding_to_a_role_that_is_not_there_is_not_found(robot: Robot, kind: str) -> None:
    wanted = binding("nobodys", robot.namespace, kind=kind)
    wanted["metadata"]["name"] = "the-binding"
    path = f"{robot.home}/rolebindings/the-binding?fieldManager=x"
    for bound in (
        robot.client.post(f"{robot.home}/rolebindings", json=wanted),
        robot.client.patch(path, json=wanted, headers=APPLY),
        robot.client.patch(f"{path}&dryRun=All", json=wanted, headers=APPLY),
    ):
        answer = bound.json()
        assert (bound.status_code, answer["reason"]) == (404, "NotFound")
        # As if it were the binding that is not there.
        assert answer["message"] == 'rolebindings.rbac.authorization.k8s.io "the-binding" not found'
        assert answer["details"]["kind"] == "rolebindings"
    admin = robot.api.create(f"{robot.home}/rolebindings", binding("nobodys", robot.namespace, kind=kind))
    assert admin["roleRef"]["name"] == "nobodys", "who may do everything may bind what is not there yet"


def test_who_may_escalate_and_bind_may(robot: Robot) -> None:
    group = "rbac.authorization.k8s.io"
    leave = [rule("roles", "escalate", "bind", group=group, resourceNames=["mighty"])]
    robot.api.create(f"{robot.home}/roles", role("leave", *leave))
    robot.api.create(f"{robot.home}/rolebindings", binding("leave", robot.namespace))
    bound = robot.client.post(f"{robot.home}/rolebindings", json=binding("mighty", robot.namespace))
    assert bound.status_code == 201, "a bind by name asks for nothing else, not even that it is there"
    path = f"{robot.home}/roles/mighty?fieldManager=x"
    made = robot.client.patch(path, json=role("mighty", rule("secrets", "get")), headers=APPLY)
    assert made.status_code == 201, made.text
    other = role("other", rule("configmaps", "get"))
    assert robot.client.post(f"{robot.home}/roles", json=other).status_code == 403
