"""What the server adds to objects of certain kinds, and what it does not let in."""

from __future__ import annotations

from typing import Any

from tests.sandbox.api.served import Api, deployment, pod


def status_of(answer: Any) -> tuple[int, str]:
    assert answer.json()["kind"] == "Status", answer.text
    return answer.status_code, answer.json()["reason"]


def test_secrets_take_text_and_keep_bytes(api: Api, namespace: str) -> None:
    made = api.create(
        f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "a"}, "stringData": {"x": "é"}}
    )
    assert made["data"] == {"x": "w6k="} and "stringData" not in made and made["type"] == "Opaque"


def test_services_get_addresses(api: Api, namespace: str) -> None:
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
    api.create(f"/api/v1/namespaces/{namespace}/resourcequotas", quota)
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
    assert (
        status_of(answer) == (403, "Forbidden")
        and 'serviceaccount "robot" not found' in answer.json()["message"]
    )
    api.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "robot"}})
    assert api.http.post(f"/api/v1/namespaces/{namespace}/pods", json=wanted).status_code == 201
