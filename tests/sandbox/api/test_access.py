"""Who gets in, and what they may do: tokens, RBAC, reviews, discovery."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from sandbox.api.access.tokens import issue, signing_key
from tests.sandbox.api.running import Running
from tests.sandbox.api.served import Api, config_map, deployment, eventually, pod

RBAC = "/apis/rbac.authorization.k8s.io/v1"


def account(api: Api, namespace: str, name: str = "robot") -> tuple[httpx.Client, dict[str, Any]]:
    """A client with a token of a new ServiceAccount, and the account."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    made = api.create(path, {"metadata": {"name": name}})
    token = api.create(f"{path}/{name}/token", {"spec": {}})["status"]["token"]
    return bearing(api, token), made


def bearing(api: Api, token: str) -> httpx.Client:
    """A client with that token."""
    return api.client(Authorization=f"Bearer {token}")


def grant(api: Api, namespace: str, rules: list[dict[str, Any]], name: str = "robot") -> None:
    api.create(f"{RBAC}/namespaces/{namespace}/roles", {"metadata": {"name": name}, "rules": rules})
    binding = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    }
    api.create(f"{RBAC}/namespaces/{namespace}/rolebindings", binding)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer wrong",
        "Basic dGVzdDp0ZXN0",
        "Bearer a.b.c",
        "Bearer é",
        "Bearer \udcff.\udcff.x",
    ],
)
def test_without_a_good_token_nothing_is_shown(api: Api, header: str | None) -> None:
    headers = [] if header is None else [(b"Authorization", header.encode(errors="surrogateescape"))]
    for path in ("/api", "/api/v1/namespaces", "/apis", "/nonsense", "/openapi/v3"):
        answer = api.client().get(path, headers=headers)
        if answer.status_code == 403:  # a cluster may know those who say nothing as somebody who may nothing
            assert 'User "system:anonymous" cannot' in answer.json()["message"]
            continue
        assert answer.status_code == 401 and answer.json()["reason"] == "Unauthorized"


def test_health_and_version_are_public(api: Api) -> None:
    for path in ("/healthz", "/readyz", "/livez"):
        assert api.client().get(path).text == "ok"
    assert api.client().get("/version").json()["major"] == "1"


def test_tls_with_the_clusters_own_authority(sandbox_api: Running) -> None:
    trusting = sandbox_api.state / "ca.crt"
    trusting.write_bytes(sandbox_api.server.authority)
    import ssl

    context = ssl.create_default_context(cafile=str(trusting))
    assert httpx.get(f"https://{sandbox_api.address}:6443/version", verify=context).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"https://{sandbox_api.address}:6443/version")


def test_a_new_account_may_do_nothing(api: Api, namespace: str) -> None:
    robot, _ = account(api, namespace)
    who = f"system:serviceaccount:{namespace}:robot"
    answer = robot.get(f"/api/v1/namespaces/{namespace}/pods")
    assert answer.status_code == 403 and answer.json()["reason"] == "Forbidden"
    assert answer.json()["message"] == (
        f'pods is forbidden: User "{who}" cannot list resource "pods" in API group "" '
        f'in the namespace "{namespace}"'
    )
    named = robot.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/web").json()["message"]
    assert named == (
        f'deployments.apps "web" is forbidden: User "{who}" cannot get resource "deployments" '
        f'in API group "apps" in the namespace "{namespace}"'
    )
    everywhere = robot.get("/api/v1/nodes").json()["message"]
    assert everywhere.endswith('cannot list resource "nodes" in API group "" at the cluster scope')


def test_roles_open_what_they_say(api: Api, namespace: str) -> None:
    robot, _ = account(api, namespace)
    pods = f"/api/v1/namespaces/{namespace}/pods"
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "create"], "resourceNames": []}
    ]
    grant(api, namespace, rules)
    assert robot.post(pods, json=pod("a")).status_code == 201
    assert robot.get(pods).status_code == 200
    assert robot.get(f"{pods}/a/log").status_code == 403
    assert robot.delete(f"{pods}/a").status_code == 403
    assert robot.get("/api/v1/namespaces/default/pods").status_code == 403
    assert robot.get(pods, params={"watch": "1"}).status_code == 403


def test_cluster_roles_through_a_role_binding(api: Api, namespace: str) -> None:
    robot, _ = account(api, namespace)
    view = "/apis/rbac.authorization.k8s.io/v1/clusterroles/view"
    if not api.http.get(view).json().get("rules"):
        pytest.skip("nobody aggregates ClusterRoles in this cluster")
    binding = {
        "metadata": {"name": "view"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "Group", "name": f"system:serviceaccounts:{namespace}"}],
    }
    api.create(f"{RBAC}/namespaces/{namespace}/rolebindings", binding)
    assert robot.get(f"/api/v1/namespaces/{namespace}/pods").status_code == 200
    assert robot.get(f"/api/v1/namespaces/{namespace}/secrets").status_code == 403
    assert robot.get("/api/v1/pods").status_code == 403
    assert robot.get(f"/api/v1/namespaces/{namespace}").status_code == 200


def test_tokens_end_with_their_account(api: Api, namespace: str) -> None:
    robot, _ = account(api, namespace)
    assert robot.get("/api").status_code == 200
    api.http.delete(f"/api/v1/namespaces/{namespace}/serviceaccounts/robot")
    eventually(lambda: robot.get("/api").status_code == 401)
    account(api, namespace)
    assert robot.get("/api").status_code == 401


def test_tokens_end_with_their_time(sandbox_api: Running, namespace: str) -> None:
    _, made = account(sandbox_api, namespace)
    key, now = signing_key(sandbox_api.state / "ca"), int(time.time())
    expired = issue(key, made, now=now - 20, expires=now - 10)
    forged = issue(b"x" * 32, made, now=now, expires=now + 100)
    foreign = issue(key, made, now=now, expires=now + 100, audiences=["somebody else"])
    for token in (expired, forged, foreign):
        assert bearing(sandbox_api, token).get("/api").status_code == 401


def test_token_requests_have_limits(api: Api, namespace: str) -> None:
    account(api, namespace)
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/robot/token"
    made = api.create(path, {"spec": {"expirationSeconds": 600, "audiences": ["a"]}})
    assert made["status"]["expirationTimestamp"].endswith("Z")
    short = api.http.post(path, json={"spec": {"expirationSeconds": 10}})
    assert short.status_code == 422 and "less than 10 minutes" in short.json()["message"]
    assert api.http.post(path.replace("robot", "gone"), json={"spec": {}}).status_code == 404


def test_token_secrets_are_filled_in(api: Api, namespace: str) -> None:
    account(api, namespace)
    import base64

    annotations = {"kubernetes.io/service-account.name": "robot"}
    secret = {
        "metadata": {"name": "t", "annotations": annotations},
        "type": "kubernetes.io/service-account-token",
    }
    path = f"/api/v1/namespaces/{namespace}/secrets"
    api.create(path, secret)
    data = eventually(lambda: api.http.get(f"{path}/t").json().get("data"))
    assert base64.b64decode(data["namespace"]).decode() == namespace
    assert base64.b64decode(data["ca.crt"]).startswith(b"-----BEGIN CERTIFICATE-----")
    assert bearing(api, base64.b64decode(data["token"]).decode()).get("/api").status_code == 200


def test_reviews(api: Api, namespace: str) -> None:
    robot, _ = account(api, namespace)
    grant(api, namespace, [{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}])
    who = robot.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", json={}).json()["status"][
        "userInfo"
    ]
    assert (
        who["username"] == f"system:serviceaccount:{namespace}:robot"
        and "system:authenticated" in who["groups"]
    )

    def may(verb: str, resource: str, subresource: str = "") -> bool:
        attributes = {"namespace": namespace, "verb": verb, "resource": resource, "subresource": subresource}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answer = robot.post(path, json={"spec": {"resourceAttributes": attributes}})
        assert answer.status_code == 201, answer.text
        return bool(answer.json()["status"]["allowed"])

    assert may("get", "pods", "log") and not may("get", "pods") and not may("create", "pods", "log")
    rules = robot.post(
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", json={"spec": {"namespace": namespace}}
    ).json()["status"]["resourceRules"]
    assert {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]} in rules
    token = robot.headers["Authorization"].removeprefix("Bearer ")
    review = api.create("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token}})
    assert review["status"]["authenticated"] is True
    assert robot.get("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews").status_code in (403, 405)


def test_impersonation(api: Api, namespace: str) -> None:
    robot, _ = account(api, namespace)
    name = f"system:serviceaccount:{namespace}:robot"
    who = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    answer = api.http.post(who, json={}, headers={"Impersonate-User": name})
    info = answer.json()["status"]["userInfo"]
    assert info["username"] == name and f"system:serviceaccounts:{namespace}" in info["groups"]
    refused = api.http.get("/api/v1/pods", headers={"Impersonate-User": "somebody"})
    assert refused.status_code == 403 and 'User "somebody" cannot list' in refused.json()["message"]
    grouped = {"Impersonate-User": "somebody", "Impersonate-Group": "system:masters"}
    assert api.http.get("/api/v1/pods", headers=grouped).status_code == 200
    for headers in ({"Impersonate-User": "kubernetes-admin"}, grouped):
        denied = robot.get("/api", headers=headers)
        assert denied.status_code == 403 and "cannot impersonate resource" in denied.json()["message"]
    alone = api.http.get("/api", headers={"Impersonate-Group": "x"})
    assert alone.status_code == 500 and "without impersonating a user" in alone.text


def test_discovery(api: Api) -> None:
    assert api.http.get("/api").json()["versions"] == ["v1"]
    groups = {group["name"] for group in api.http.get("/apis").json()["groups"]}
    assert {"apps", "batch", "rbac.authorization.k8s.io", "discovery.k8s.io"} <= groups
    resources = {one["name"]: one for one in api.http.get("/api/v1").json()["resources"]}
    assert resources["pods"]["shortNames"] == ["po"] and resources["pods"]["namespaced"]
    assert {"pods/log", "pods/status", "pods/proxy", "services/proxy", "serviceaccounts/token"} <= set(
        resources
    )
    assert api.http.get("/apis/apps").json()["preferredVersion"]["version"] == "v1"
    assert api.http.get("/apis/nonsense/v1").status_code == 404
    paths = api.http.get("/openapi/v3").json()["paths"]
    document = api.http.get(paths["apis/apps/v1"]["serverRelativeURL"]).json()
    patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert "fieldValidation" in {one["name"] for one in patch["parameters"]}
    assert patch["x-kubernetes-group-version-kind"] == {
        "group": "apps",
        "version": "v1",
        "kind": "Deployment",
    }


def test_methods_that_are_not_there(api: Api, namespace: str) -> None:
    collection = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    api.create(collection, deployment("web"))
    for method, path in (
        ("PUT", collection),
        ("POST", f"{collection}/web"),
        ("POST", "/api/v1/pods"),
        ("POST", "/api"),
    ):
        assert api.http.request(method, path, json={}).status_code == 405, (method, path)


def test_exec_is_refused_with_a_sentence(sandbox_api: Running, namespace: str) -> None:
    sandbox_api.create(f"/api/v1/namespaces/{namespace}/pods", pod("a"))
    for stream in ("exec", "attach", "portforward"):
        answer = sandbox_api.http.post(f"/api/v1/namespaces/{namespace}/pods/a/{stream}")
        assert answer.status_code == 405 and "the sandbox does not support" in answer.json()["message"]


def test_custom_resources_of_the_platform(sandbox_api: Running, namespace: str) -> None:
    path = f"/apis/monitoring.coreos.com/v1/namespaces/{namespace}/servicemonitors"
    monitor = {"metadata": {"name": "a"}, "spec": {"endpoints": [{"port": "http", "anything": {"goes": []}}]}}
    made = sandbox_api.create(path, monitor)
    assert made["spec"] == monitor["spec"] and made["metadata"]["generation"] == 1
    headers = {"Content-Type": "application/strategic-merge-patch+json"}
    assert sandbox_api.http.patch(f"{path}/a", content="{}", headers=headers).status_code == 415


def test_secrets_do_not_reach_the_log(
    sandbox_api: Running, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox_api.http.post(
        f"/api/v1/namespaces/{namespace}/configmaps", json=config_map("a", x="canary-value")
    )
    bearing(sandbox_api, "canary-token").get("/api")
    assert "canary" not in caplog.text
