"""What the server adds to objects of certain kinds, and what it does not let in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.sandbox.api.running import Running
from tests.sandbox.api.served import Api, deployment, eventually, pod, status_of


def test_secrets_take_text_and_keep_bytes(api: Api, namespace: str) -> None:
    made = api.create(
        f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "a"}, "stringData": {"x": "é"}}
    )
    assert made["data"] == {"x": "w6k="} and "stringData" not in made and made["type"] == "Opaque"


def test_services_get_addresses(sandbox_api: Running, namespace: str) -> None:
    api = sandbox_api
    path = f"/api/v1/namespaces/{namespace}/services"
    ports = {"ports": [{"port": 80}]}
    first = api.create(path, {"metadata": {"name": "a"}, "spec": ports})["spec"]["clusterIP"]
    second = api.create(path, {"metadata": {"name": "b"}, "spec": ports})["spec"]["clusterIP"]
    block = api.address.rsplit(".", 2)[0]
    assert first != second and all(one.startswith(block + ".128.") for one in (first, second))
    headless = api.create(path, {"metadata": {"name": "c"}, "spec": {**ports, "clusterIP": "None"}})
    assert headless["spec"]["clusterIP"] == "None"
    taken = api.http.post(path, json={"metadata": {"name": "d"}, "spec": {**ports, "clusterIP": first}})
    assert status_of(taken)[0] == 422 and "already allocated" in taken.json()["message"]
    node_port = api.http.post(path, json={"metadata": {"name": "e"}, "spec": {**ports, "type": "NodePort"}})
    assert status_of(node_port)[0] == 422 and "ClusterIP" in node_port.json()["message"]


def test_scale(api: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    api.create(path, deployment("web"))
    scale = api.http.get(f"{path}/web/scale").json()
    assert (
        scale["kind"] == "Scale"
        and scale["spec"] == {"replicas": 1}
        and scale["status"]["selector"] == "app=web"
    )
    scale["spec"]["replicas"] = 4
    assert api.http.put(f"{path}/web/scale", json=scale).json()["spec"] == {"replicas": 4}
    assert status_of(api.http.put(f"{path}/web/scale", json=scale)) == (409, "Conflict")
    headers = {"Content-Type": "application/merge-patch+json"}
    api.http.patch(f"{path}/web/scale", content='{"spec": {"replicas": 0}}', headers=headers)
    assert api.http.get(f"{path}/web").json()["spec"]["replicas"] == 0
    negative = api.http.patch(f"{path}/web/scale", content='{"spec": {"replicas": -1}}', headers=headers)
    assert status_of(negative) == (422, "Invalid")


def test_quota_is_enforced(api: Api, namespace: str) -> None:
    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "1"}}}
    path = f"/api/v1/namespaces/{namespace}/resourcequotas"
    api.create(path, quota)
    if not isinstance(api, Running):  # a quota that nobody has counted yet refuses all or nothing
        eventually(lambda: api.http.get(f"{path}/few").json()["status"].get("used"))
    api.create(f"/api/v1/namespaces/{namespace}/pods", pod("a"))
    answer = api.http.post(f"/api/v1/namespaces/{namespace}/pods", json=pod("b"))
    assert status_of(answer) == (403, "Forbidden")
    assert answer.json()["message"] == (
        'pods "b" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1'
    )


def test_limit_ranges_fill_in_and_refuse(api: Api, namespace: str) -> None:
    limit = {"type": "Container", "default": {"memory": "64Mi"}, "max": {"memory": "128Mi"}}
    limits = {"metadata": {"name": "l"}, "spec": {"limits": [limit]}}
    api.create(f"/api/v1/namespaces/{namespace}/limitranges", limits)
    made = api.create(f"/api/v1/namespaces/{namespace}/pods", pod("a"))
    resources = made["spec"]["containers"][0]["resources"]
    assert resources["limits"] == {"memory": "64Mi"} and made["status"]["qosClass"] == "Burstable"
    large = pod("b")
    large["spec"]["containers"][0]["resources"] = {"limits": {"memory": "1Gi"}}
    answer = api.http.post(f"/api/v1/namespaces/{namespace}/pods", json=large)
    assert status_of(answer) == (403, "Forbidden")
    assert answer.json()["message"] == (
        'pods "b" is forbidden: maximum memory usage per Container is 128Mi, but limit is 1Gi'
    )


def test_a_namespace_lets_in_what_its_pod_security_level_allows(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}"
    headers = {"Content-Type": "application/merge-patch+json"}
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    assert api.http.patch(path, json=label, headers=headers).status_code == 200
    risky = pod("a")
    risky["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    answer = api.http.post(f"{path}/pods", json=risky)
    assert status_of(answer) == (403, "Forbidden")
    assert answer.json()["message"] == (
        'pods "a" is forbidden: violates PodSecurity "baseline:latest": privileged (container "main" must not'
        " set securityContext.privileged=true)"
    )
    api.create(f"{path}/pods", pod("b"))


def test_pods_need_their_service_account(api: Api, namespace: str) -> None:
    wanted = pod("a")
    wanted["spec"]["serviceAccountName"] = "robot"
    answer = api.http.post(f"/api/v1/namespaces/{namespace}/pods", json=wanted)
    assert status_of(answer) == (403, "Forbidden")
    looked = f"error looking up service account {namespace}/robot"
    told = f'pods "a" is forbidden: {looked}: serviceaccount "robot" not found'
    assert answer.json()["message"] == told
    api.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "robot"}})
    assert api.http.post(f"/api/v1/namespaces/{namespace}/pods", json=wanted).status_code == 201


def test_a_pod_waits_a_moment_for_its_namespaces_account(sandbox_api: Running) -> None:
    """The account is made after the namespace: who is quick waits for it, and is refused where none comes."""
    made = sandbox_api.create("/api/v1/namespaces", {"metadata": {"generateName": "new-"}})
    path = f"/api/v1/namespaces/{made['metadata']['name']}"
    answer = sandbox_api.http.post(f"{path}/pods", json=pod("a"))
    assert status_of(answer) == (403, "Forbidden")
    assert answer.json()["message"].endswith('/default: serviceaccount "default" not found')
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(sandbox_api.http.post, f"{path}/pods", json=pod("a"))
        sandbox_api.create(f"{path}/serviceaccounts", {"metadata": {"name": "default"}})
        assert waiting.result().status_code == 201


def test_a_pod_gets_account_token_and_tolerations(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}"
    spec = api.create(f"{path}/pods", pod("a"))["spec"]
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "default"
    [mount] = spec["containers"][0]["volumeMounts"]
    [volume] = [one for one in spec["volumes"] if one["name"] == mount["name"]]
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount" and mount["readOnly"]
    assert volume["name"].startswith("kube-api-access-")
    assert [next(iter(one)) for one in volume["projected"]["sources"]] == [
        "serviceAccountToken", "configMap", "downwardAPI",
    ]  # fmt: skip
    taints = {one["key"]: (one["effect"], one["tolerationSeconds"]) for one in spec["tolerations"]}
    assert taints == {
        f"node.kubernetes.io/{word}": ("NoExecute", 300) for word in ("not-ready", "unreachable")
    }


def test_an_account_may_give_no_token_but_pull_secrets(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}"
    account = {"metadata": {"name": "quiet"}, "automountServiceAccountToken": False}
    api.create(f"{path}/serviceaccounts", {**account, "imagePullSecrets": [{"name": "registry"}]})
    wanted = pod("a")
    wanted["spec"]["serviceAccountName"] = "quiet"
    spec = api.create(f"{path}/pods", wanted)["spec"]
    assert "volumes" not in spec and spec["imagePullSecrets"] == [{"name": "registry"}]
    asked = pod("b")
    asked["spec"] |= {"serviceAccountName": "quiet", "automountServiceAccountToken": True}
    assert "volumes" in api.create(f"{path}/pods", asked)["spec"]
