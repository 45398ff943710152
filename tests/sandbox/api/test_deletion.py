"""Deleting: grace, finalizers, propagation, preconditions, namespaces, collections."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.api.served import Api, binding, config_map, deployment, pod

MERGE = {"Content-Type": "application/merge-patch+json"}


def delete(api: Api, path: str, **options: Any) -> Any:
    return api.http.request("DELETE", path, json=options) if options else api.http.delete(path)


def bound_pod(api: Api, namespace: str, name: str = "a") -> str:
    path = f"/api/v1/namespaces/{namespace}/pods"
    api.create(path, pod(name))
    assert api.http.post(f"{path}/{name}/binding", json=binding(name)).status_code == 201
    return f"{path}/{name}"


def test_a_pod_without_a_node_goes_at_once(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    api.create(path, pod("a"))
    assert delete(api, f"{path}/a").status_code == 200
    assert api.http.get(f"{path}/a").status_code == 404


def test_binding(api: Api, namespace: str) -> None:
    path = bound_pod(api, namespace)
    bound = api.http.get(path).json()
    assert bound["spec"]["nodeName"] == "sandbox"
    assert [(one["type"], one["status"]) for one in bound["status"]["conditions"]] == [
        ("PodScheduled", "True")
    ]
    again = api.http.post(f"{path}/binding", json=binding("a", "other"))
    assert again.status_code == 409 and again.json()["message"] == (
        'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "sandbox"'
    )


def test_a_binding_names_its_pod_and_a_node(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    api.create(path, pod("a"))
    told = "name in URL does not match name in Binding object"
    for wrong in ({"target": {"kind": "Node", "name": "n"}}, binding("b"), {}):
        answer = api.http.post(f"{path}/a/binding", json=wrong)
        assert (answer.status_code, answer.json()["message"]) == (400, told)
    nowhere = api.http.post(f"{path}/a/binding", json={"metadata": {"name": "a"}})
    assert (nowhere.status_code, nowhere.json()["message"]) == (500, "target.name: Required value")
    other = binding("a")
    other["metadata"]["uid"] = "another"
    answer = api.http.post(f"{path}/a/binding", json=other)
    assert answer.status_code == 409 and "UID in precondition: another" in answer.json()["message"]
    assert "nodeName" not in api.http.get(f"{path}/a").json()["spec"]


def test_a_running_pod_waits_for_its_node(api: Api, namespace: str) -> None:
    path = bound_pod(api, namespace)
    assert delete(api, path).json()["metadata"]["deletionGracePeriodSeconds"] == 30
    waiting = api.http.get(path).json()["metadata"]
    assert waiting["deletionTimestamp"] and waiting["deletionGracePeriodSeconds"] == 30
    delete(api, path, gracePeriodSeconds=60)
    assert api.http.get(path).json()["metadata"] == waiting
    delete(api, path, gracePeriodSeconds=5)
    assert api.http.get(path).json()["metadata"]["deletionGracePeriodSeconds"] == 5
    assert delete(api, path, gracePeriodSeconds=0).status_code == 200
    assert api.http.get(path).status_code == 404


def test_finished_pods_go_at_once(api: Api, namespace: str) -> None:
    path = bound_pod(api, namespace)
    api.http.patch(f"{path}/status", content='{"status": {"phase": "Succeeded"}}', headers=MERGE)
    delete(api, path)
    assert api.http.get(path).status_code == 404


def test_finalizers_hold_an_object(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(path, {"metadata": {"name": "a", "finalizers": ["example.com/hold"]}})
    held = delete(api, f"{path}/a").json()
    assert held["kind"] == "ConfigMap" and held["metadata"]["deletionTimestamp"]
    more = json.dumps({"metadata": {"finalizers": ["example.com/hold", "example.com/new"]}})
    assert api.http.patch(f"{path}/a", content=more, headers=MERGE).status_code == 422
    version = api.http.get(f"{path}/a").json()["metadata"]["resourceVersion"]
    released = api.http.patch(f"{path}/a", content='{"metadata": {"finalizers": null}}', headers=MERGE)
    assert released.status_code == 200
    assert api.http.get(f"{path}/a").status_code == 404
    last = next(api.watch(path, resourceVersion=version))
    # Its writer is told of the last change, who watches sees it go as it was kept.
    assert "finalizers" not in released.json()["metadata"]
    assert released.json()["metadata"]["resourceVersion"] == version
    assert last["type"] == "DELETED" and last["object"]["metadata"]["finalizers"] == ["example.com/hold"]
    assert int(last["object"]["metadata"]["resourceVersion"]) > int(version)


def test_a_pod_that_goes_at_once_is_marked_first(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    version = api.create(path, pod("a"))["metadata"]["resourceVersion"]
    answered = delete(api, f"{path}/a").json()
    events = []
    for event in api.watch(path, resourceVersion=version):
        events.append(event)
        if event["type"] == "DELETED":
            break
    assert [event["type"] for event in events] == ["MODIFIED", "DELETED"]
    for obj in (*(event["object"] for event in events), answered):
        assert obj["metadata"]["deletionTimestamp"] and obj["metadata"]["deletionGracePeriodSeconds"] == 0


def test_propagation(api: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    for name, policy, finalizer in (("a", "Foreground", "foregroundDeletion"), ("b", "Orphan", "orphan")):
        api.create(path, deployment(name))
        held = delete(api, f"{path}/{name}", propagationPolicy=policy).json()
        assert held["metadata"]["finalizers"] == [finalizer]
    api.create(path, deployment("c"))
    assert delete(api, f"{path}/c", propagationPolicy="Background").json()["status"] == "Success"
    assert api.http.get(f"{path}/c").status_code == 404
    api.create(path, deployment("d"))
    assert delete(api, f"{path}/d", propagationPolicy="Sideways").status_code == 422


def test_jobs_keep_their_pods_unless_told(api: Api, namespace: str) -> None:
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    template = {"spec": {**pod("x")["spec"], "restartPolicy": "Never"}}
    made = api.create(path, {"metadata": {"name": "a"}, "spec": {"template": template}})
    uid = made["metadata"]["uid"]
    assert made["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    labels = made["spec"]["template"]["metadata"]["labels"]
    assert (
        labels["job-name"] == labels["batch.kubernetes.io/job-name"] == "a"
        and labels["controller-uid"] == uid
    )
    answer = delete(api, f"{path}/a")
    assert (
        answer.json()["metadata"]["finalizers"] == ["orphan"]
        and "child pods are preserved" in answer.headers["Warning"]
    )


def test_preconditions(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    made = api.create(path, config_map("a"))["metadata"]
    for wrong in ({"uid": "other"}, {"resourceVersion": "1"}):
        assert delete(api, f"{path}/a", preconditions=wrong).status_code == 409
    right = {key: made[key] for key in ("uid", "resourceVersion")}
    assert delete(api, f"{path}/a", preconditions=right).json()["details"]["uid"] == made["uid"]


def test_collections(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    for name, app in (("a", "web"), ("b", "web"), ("c", "db")):
        api.create(path, pod(name, app=app))
    answer = api.http.delete(path, params={"labelSelector": "app=web"})
    assert [item["metadata"]["name"] for item in answer.json()["items"]] == ["a", "b"]
    assert [item["metadata"]["name"] for item in api.http.get(path).json()["items"]] == ["c"]


def test_namespaces_go_by_their_own_finalizer(api: Api) -> None:
    name = api.namespace()
    path = f"/api/v1/namespaces/{name}"
    terminating = delete(api, path).json()
    assert terminating["status"]["phase"] == "Terminating" and terminating["spec"] == {
        "finalizers": ["kubernetes"]
    }
    refused = api.http.post(f"{path}/configmaps", json=config_map("a"))
    assert refused.status_code == 403 and "because it is being terminated" in refused.json()["message"]
    assert refused.json()["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    terminating["spec"] = {"finalizers": []}
    assert api.http.put(f"{path}/finalize", json=terminating).status_code == 200
    assert api.http.get(path).status_code == 404
    protected = delete(api, "/api/v1/namespaces/default")
    assert protected.status_code == 403 and "may not be deleted" in protected.json()["message"]


def test_eviction_asks_the_disruption_budgets(api: Api, namespace: str) -> None:
    path = bound_pod(api, namespace)
    api.http.patch(path, content='{"metadata": {"labels": {"app": "web"}}}', headers=MERGE)
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    api.http.patch(f"{path}/status", content=json.dumps({"status": ready}), headers=MERGE)
    budget = {
        "metadata": {"name": "keep"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    }
    budgets = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    api.create(budgets, budget)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}}
    refused = api.http.post(f"{path}/eviction", json=eviction)
    assert refused.status_code == 429 and "disruption budget" in refused.json()["message"]
    delete(api, f"{budgets}/keep")
    assert api.http.post(f"{path}/eviction", json=eviction).status_code == 201
    evicted = api.http.get(path).json()
    assert evicted["metadata"]["deletionTimestamp"]
    conditions = {each["type"]: each.get("reason") for each in evicted["status"]["conditions"]}
    assert conditions["DisruptionTarget"] == "EvictionByEvictionAPI"
