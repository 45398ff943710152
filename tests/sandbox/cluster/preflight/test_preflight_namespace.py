"""The preflight against the real API: the namespace, the permissions in it, its quotas and limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Kind
from toolkit.cluster import preflight
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.credentials import load
from toolkit.settings.model import Cluster, Ref

from tests.sandbox.cluster.preflight.ahead import Ahead
from tests.sandbox.local import Sandbox

RBAC = "/apis/rbac.authorization.k8s.io/v1"
EVERYTHING = ["get", "list", "watch", "create", "update", "patch", "delete"]


@pytest.fixture
def ahead(sandbox: Sandbox, namespace: str, tmp_path: Path) -> Ahead:
    return Ahead(sandbox, namespace, tmp_path)


def robot(ahead: Ahead, monkeypatch: pytest.MonkeyPatch, rules: list[dict[str, Any]]) -> Connection:
    """A connection as a ServiceAccount of the namespace that has these rules there, as a CI job has it."""
    api, home = ahead.sandbox.api, ahead.namespace
    api("POST", f"/api/v1/namespaces/{home}/serviceaccounts", {"metadata": {"name": "robot"}})
    path = f"/api/v1/namespaces/{home}/serviceaccounts/robot/token"
    token = api("POST", path, {"spec": {}})["status"]["token"]
    api("POST", f"{RBAC}/namespaces/{home}/roles", {"metadata": {"name": "robot"}, "rules": rules})
    binding = {
        "metadata": {"name": "robot"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "robot"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": home}],
    }
    api("POST", f"{RBAC}/namespaces/{home}/rolebindings", binding)
    monkeypatch.setenv("ROBOT_SERVER", ahead.sandbox.details["plain"])
    monkeypatch.setenv("ROBOT_TOKEN", token)
    cluster = Cluster("strict", "docker", server=Ref("ROBOT_SERVER"), token=Ref("ROBOT_TOKEN"))
    return Connection(cluster, "test", load(cluster, "test", Path()))


def rule(group: str, resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


FORESIGHT = [
    rule("", ["pods"], ["create"]),
    rule("", ["namespaces"], ["get"]),
    rule("", ["resourcequotas", "limitranges"], ["list"]),
    rule("apps", ["statefulsets", "daemonsets"], ["list"]),
    rule("batch", ["jobs"], ["list"]),
    rule("discovery.k8s.io", ["endpointslices"], ["list"]),
    rule("autoscaling", ["horizontalpodautoscalers"], ["list"]),
]
ENOUGH = [
    rule("", ["pods", "pods/log", "pods/proxy", "services/proxy", "events"], ["get", "list", "watch"]),
    rule("", ["configmaps", "services", "secrets"], EVERYTHING),
    rule("apps", ["deployments", "replicasets"], EVERYTHING),
    rule("coordination.k8s.io", ["leases"], EVERYTHING),
]


def test_a_credential_that_may_do_what_is_needed_is_enough(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead.connection = robot(ahead, monkeypatch, [*ENOUGH, *FORESIGHT])
    assert ahead.check(ahead.deployment(), ahead.obj("ConfigMap", "settings", data={"a": "b"})) == []
    assert ahead.said == []


def test_what_is_not_foreseen_for_want_of_leave_is_said_in_one_line(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead.connection = robot(ahead, monkeypatch, ENOUGH)
    assert ahead.check(ahead.deployment()) == []
    (line,) = ahead.said
    assert line.startswith("ROBOT_TOKEN may not get namespaces, create pods, list statefulsets.apps, ")
    assert f"list limitranges, list horizontalpodautoscalers.autoscaling in {ahead.namespace}: " in line
    assert "whether its pods would be admitted is not foreseen" in line
    assert "what quotas and limits have room for is not foreseen" in line


def test_what_the_credential_may_not_do_is_said_once_by_resource_and_verb(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [
        rule("", ["pods", "pods/log", "pods/proxy", "services/proxy", "events"], ["get", "list", "watch"]),
        rule("", ["configmaps"], ["get", "create", "update"]),
        rule("", ["services"], ["get"]),
        rule("apps", ["deployments"], ["get", "list", "watch", "create"]),
        rule("apps", ["replicasets"], ["list", "watch"]),
    ]
    ahead.connection = robot(ahead, monkeypatch, few)
    problems = ahead.check(ahead.deployment())
    may_not = "the credential in ROBOT_TOKEN may not"
    assert [(problem.line, problem.is_certain) for problem in problems] == [
        (f"{may_not} get, create, update, delete leases.coordination.k8s.io in {ahead.namespace}", True),
        (f"{may_not} patch deployments.apps in {ahead.namespace}", True),
        # what left the templates then stays, which is said: the deployment itself works
        (f"{may_not} delete deployments.apps in {ahead.namespace}", False),
    ]


def test_what_may_not_be_read_is_said_and_is_no_problem(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = [rule("", ["configmaps", "services"], EVERYTHING), ENOUGH[0], *ENOUGH[2:], *FORESIGHT]
    ahead.connection = robot(ahead, monkeypatch, rules)
    secret = {"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "k"}}}]}
    assert ahead.check(ahead.deployment(container=secret)) == []
    assert "Secret/keys: may not be read, so whether it is there could not be asked" in ahead.said


def test_a_cluster_that_reviews_no_access_is_said_and_is_no_problem(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = robot(ahead, monkeypatch, ENOUGH)
    basic = f"{RBAC}/clusterrolebindings/system:basic-user"
    binding = ahead.sandbox.api("GET", basic)
    ahead.sandbox.api("DELETE", basic)
    try:
        ahead.connection = connection
        assert ahead.check(ahead.deployment()) == []
    finally:
        clean = {key: binding[key] for key in ("roleRef", "subjects")}
        metadata = {"name": binding["metadata"]["name"]}
        ahead.sandbox.api("POST", f"{RBAC}/clusterrolebindings", {"metadata": metadata, **clean})
    assert ahead.said == ["whether ROBOT_TOKEN has the permissions it needs could not be asked (403)"]


def test_a_namespace_that_is_not_there_makes_the_rest_moot(ahead: Ahead) -> None:
    web = ahead.deployment(serviceAccountName="nobody")
    there, ahead.namespace = ahead.namespace, f"{ahead.namespace}-not"
    web["metadata"]["namespace"] = ahead.namespace
    problems = preflight.check(
        ahead.connection,
        ahead.app,
        ahead.namespace,
        [web],
        images=lambda refs: dict.fromkeys(refs, "does not exist"),
    )
    assert [problem.line for problem in problems] == [
        f"Namespace/{there}-not: does not exist",
        "Deployment/web (container app): image sandbox/none:v1: does not exist",
    ]


def test_a_namespace_that_is_going_away_is_named(ahead: Ahead) -> None:
    name = f"{ahead.namespace}-old"
    finalized = {"metadata": {"name": name}, "spec": {"finalizers": ["example.org/hold"]}}
    ahead.sandbox.api("POST", "/api/v1/namespaces", finalized)
    ahead.sandbox.api("DELETE", f"/api/v1/namespaces/{name}")
    path = f"/api/v1/namespaces/{name}"
    live = ahead.sandbox.wait(path, lambda obj: obj["status"].get("phase") == "Terminating")
    try:
        (problem,) = preflight.check(ahead.connection, ahead.app, name, [], images=lambda _: {})
        assert problem.line == f"Namespace/{name}: is being deleted"
    finally:
        del live["metadata"]["resourceVersion"]  # the controller goes on writing what is still in there
        live["spec"]["finalizers"] = []
        ahead.sandbox.api("PUT", f"{path}/finalize", live)


@pytest.mark.parametrize("part", ["labels", "annotations"])
def test_a_namespace_that_says_it_is_protected_is_refused(ahead: Ahead, part: str) -> None:
    mark = {"metadata": {part: {"form-builder/protected": "true"}}}
    path = f"/api/v1/namespaces/{ahead.namespace}"
    ahead.sandbox.api("PATCH", path, mark, "application/merge-patch+json")
    (problem,) = ahead.check(ahead.deployment())
    assert problem.kind is Kind.REFUSED
    assert problem.line == (
        f"Namespace/{ahead.namespace}: is protected: its {part[:-1]} form-builder/protected says so"
    )


def test_a_namespace_that_apps_toml_protects_is_refused_without_asking(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead.connection, "cluster", ahead.cluster._replace(protected=("kube-*", "test-*")))
    monkeypatch.setattr(ahead.connection, "request", None)
    (problem,) = ahead.check(ahead.deployment())
    assert problem.kind is Kind.REFUSED
    assert 'clusters.sandbox.protected in apps.toml names "test-*"' in problem.sentence


def quota(ahead: Ahead, **hard: str) -> None:
    hard = {key.replace("_", "."): value for key, value in hard.items()}
    path = f"/api/v1/namespaces/{ahead.namespace}/resourcequotas"
    ahead.sandbox.api("POST", path, {"metadata": {"name": "small"}, "spec": {"hard": hard}})
    ahead.sandbox.wait(f"{path}/small", lambda obj: set(obj.get("status", {}).get("used", {})) == set(hard))


def running(ahead: Ahead, image: str) -> None:
    """Two replicas of web, up."""
    ahead.apply(ahead.deployment(container={"image": image, "command": ["sleep", "600"]}, replicas=2))
    path = f"/apis/apps/v1/namespaces/{ahead.namespace}/deployments/web"
    ahead.sandbox.wait(path, lambda live: live.get("status", {}).get("replicas") == 2)


def test_a_quota_must_have_room_for_the_surge_of_a_change_alone(ahead: Ahead, tiny_image: str) -> None:
    running(ahead, tiny_image)
    quota(ahead, pods="2")
    same = ahead.deployment(container={"image": tiny_image, "command": ["sleep", "600"]}, replicas=2)
    assert ahead.check(same) == []
    changed = ahead.deployment(container={"image": tiny_image, "command": ["sleep", "700"]}, replicas=2)
    (problem,) = ahead.check(changed)
    assert problem.line == (
        "ResourceQuota/small: no room for pods=1 more, used: pods=2, limited: pods=2; this deployment adds "
        "1 more pod of Deployment/web"
    )
    changed["spec"]["strategy"] = {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    assert ahead.check(changed) == []


def test_a_quota_on_requests_counts_them_and_wants_them_said(ahead: Ahead, tiny_image: str) -> None:
    quota(ahead, requests_cpu="150m")
    (line,) = ahead.lines(ahead.deployment())
    assert line == "Deployment/web: must say requests.cpu (container app), which ResourceQuota/small counts"
    resources = {"resources": {"requests": {"cpu": "100m"}}}
    assert ahead.check(ahead.deployment(container=resources)) == []
    (line,) = ahead.lines(ahead.deployment(container=resources, replicas=2))
    assert "no room for requests.cpu=200m more, used: requests.cpu=0, limited: requests.cpu=150m" in line


def test_new_objects_are_counted_together(ahead: Ahead) -> None:
    quota(ahead, secrets="1")
    one, two = (ahead.obj("Secret", name, stringData={"a": "b"}) for name in ("one", "two"))
    assert ahead.check(one) == []
    (line,) = ahead.lines(one, two)
    assert line.startswith("ResourceQuota/small: no room for secrets=2 more")
    ahead.post("secrets", "first", stringData={"a": "b"})
    (line,) = ahead.lines(one)
    assert line.startswith("ResourceQuota/small: no room for secrets=1 more, used: secrets=1")


def test_a_quota_that_may_not_be_read_speaks_for_itself(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota(ahead, pods="0")
    may_make_pods = rule("", ["pods"], ["create"])
    ahead.connection = robot(ahead, monkeypatch, [*ENOUGH, may_make_pods])
    (line,) = ahead.lines(ahead.deployment())
    assert line.startswith("Deployment/web: its pods are refused: pods ") and "exceeded quota: small" in line


def test_a_limit_range_speaks_for_the_pods(ahead: Ahead) -> None:
    limits = [{"type": "Container", "max": {"memory": "64Mi"}}]
    ahead.post("limitranges", "limits", spec={"limits": limits})
    (line,) = ahead.lines(ahead.deployment(container={"resources": {"limits": {"memory": "1Gi"}}}))
    assert line.startswith("Deployment/web: its pods are refused: ") and "maximum memory usage" in line
    assert ahead.check(ahead.deployment(container={"resources": {"limits": {"memory": "32Mi"}}})) == []
