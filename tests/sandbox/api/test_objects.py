"""Create, read, replace, patch, apply: raw HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.api.served import Api, config_map, deployment, pod, status_of


def test_create_fills_in_what_the_server_owns(api: Api, namespace: str) -> None:
    made = api.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment("web"))
    metadata = made["metadata"]
    assert made["kind"] == "Deployment" and made["apiVersion"] == "apps/v1"
    assert metadata["namespace"] == namespace and metadata["generation"] == 1
    assert (
        metadata["uid"]
        and metadata["creationTimestamp"].endswith("Z")
        and int(metadata["resourceVersion"]) > 0
    )
    assert made["spec"]["strategy"]["type"] == "RollingUpdate" and made["status"] == {}
    assert metadata["managedFields"][0]["manager"] == "python-httpx"


def test_create_twice_is_a_conflict(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(path, config_map("a"))
    answer = api.http.post(path, json=config_map("a"))
    assert status_of(answer) == (409, "AlreadyExists")
    assert answer.json()["message"] == 'configmaps "a" already exists'


def test_generate_name(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    names = {api.create(path, {"metadata": {"generateName": "a-"}})["metadata"]["name"] for _ in range(20)}
    assert len(names) == 20 and all(name.startswith("a-") and len(name) == 7 for name in names)


def test_namespace_must_exist(api: Api) -> None:
    answer = api.http.post("/api/v1/namespaces/nowhere/configmaps", json=config_map("a"))
    assert status_of(answer) == (404, "NotFound")
    assert answer.json()["message"] == 'namespaces "nowhere" not found'


def test_not_found_names_kind_and_group(api: Api, namespace: str) -> None:
    answer = api.http.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/gone")
    assert status_of(answer) == (404, "NotFound")
    assert answer.json()["details"] == {"name": "gone", "group": "apps", "kind": "deployments"}
    assert answer.json()["message"] == 'deployments.apps "gone" not found'


@pytest.mark.parametrize(
    "path", ["/apis/apps/v1/foos", "/api/v1/foos", "/api/v1/namespaces/default/pods/x/nonsense"]
)
def test_unknown_kinds_are_not_found(api: Api, path: str) -> None:
    assert status_of(api.http.get(path)) == (404, "NotFound")


def test_replace_needs_the_newest_version(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    made = api.create(path, config_map("a", x="1"))
    changed = api.http.put(f"{path}/a", json={**made, "data": {"x": "2"}})
    assert changed.status_code == 200 and changed.json()["data"] == {"x": "2"}
    stale = api.http.put(f"{path}/a", json={**made, "data": {"x": "3"}})
    assert status_of(stale) == (409, "Conflict") and "the object has been modified" in stale.json()["message"]
    blind = api.http.put(f"{path}/a", json=config_map("a", x="4"))
    assert blind.status_code == 200 and blind.json()["metadata"]["uid"] == made["metadata"]["uid"]


def test_a_write_that_changes_nothing_keeps_the_version(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    made = api.create(path, config_map("a", x="1"))
    again = api.http.put(f"{path}/a", json=made)
    assert again.json()["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_generation_counts_changes_of_spec_only(api: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    api.create(path, deployment("web"))
    merge = {"Content-Type": "application/merge-patch+json"}

    def patched(suffix: str, change: dict[str, Any]) -> int:
        answer = api.http.patch(f"{path}/web{suffix}", content=json.dumps(change), headers=merge)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["metadata"]["generation"])

    assert patched("", {"metadata": {"labels": {"a": "b"}}}) == 1
    assert patched("/status", {"status": {"replicas": 1}}) == 1
    assert patched("", {"spec": {"replicas": 3}}) == 2


def test_status_and_spec_are_written_apart(api: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    made = api.create(path, {**deployment("web"), "status": {"replicas": 7}})
    assert made["status"] == {}
    told = {**made, "spec": {**made["spec"], "replicas": 9}, "status": {"replicas": 2}}
    written = api.http.put(f"{path}/web/status", json=told).json()
    assert written["status"] == {"replicas": 2} and written["spec"]["replicas"] == 1
    written["status"] = {"replicas": 5}
    assert api.http.put(f"{path}/web", json=written).json()["status"] == {"replicas": 2}


@pytest.mark.parametrize(
    ("media_type", "patch"),
    [
        ("application/merge-patch+json", {"data": {"x": None, "y": "2"}}),
        ("application/strategic-merge-patch+json", {"data": {"x": None, "y": "2"}}),
        (
            "application/json-patch+json",
            [{"op": "remove", "path": "/data/x"}, {"op": "add", "path": "/data/y", "value": "2"}],
        ),
    ],
)
def test_patches(api: Api, namespace: str, media_type: str, patch: Any) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(path, config_map("a", x="1"))
    answer = api.http.patch(f"{path}/a", content=json.dumps(patch), headers={"Content-Type": media_type})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == {"y": "2"}


def test_strategic_patch_merges_containers_by_name(api: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    api.create(path, deployment("web"))
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "sandbox/side"}]}}}}
    headers = {"Content-Type": "application/strategic-merge-patch+json"}
    answer = api.http.patch(f"{path}/web", content=json.dumps(patch), headers=headers).json()
    assert {one["name"] for one in answer["spec"]["template"]["spec"]["containers"]} == {"side", "main"}


def test_patches_that_do_not_fit(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(path, config_map("a", x="1"))
    headers = {"Content-Type": "application/json-patch+json"}
    failing = [{"op": "test", "path": "/data/x", "value": "2"}]
    assert status_of(api.http.patch(f"{path}/a", content=json.dumps(failing), headers=headers))[0] == 422
    assert status_of(api.http.patch(f"{path}/a", content="{", headers=headers)) == (400, "BadRequest")
    foreign = api.http.patch(f"{path}/a", content="{}", headers={"Content-Type": "text/plain"})
    assert foreign.status_code == 415


def test_patch_with_uid_or_version_is_conditional(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    made = api.create(path, config_map("a", x="1"))
    headers = {"Content-Type": "application/merge-patch+json"}
    change = json.dumps({"metadata": {"resourceVersion": "1"}, "data": {"x": "2"}})
    assert status_of(api.http.patch(f"{path}/a", content=change, headers=headers)) == (409, "Conflict")
    change = json.dumps({"metadata": {"uid": "other"}, "data": {"x": "2"}})
    refused = api.http.patch(f"{path}/a", content=change, headers=headers)
    assert status_of(refused) == (422, "Invalid")
    assert refused.json()["message"] == (
        'ConfigMap "a" is invalid: metadata.uid: Invalid value: "other": field is immutable'
    )
    put = api.http.put(f"{path}/a", json={"metadata": {"name": "a", "uid": "other"}})
    assert status_of(put) == (409, "Conflict")
    told = f"Precondition failed: UID in precondition: other, UID in object meta: {made['metadata']['uid']}"
    assert put.json()["message"].endswith(told)
    right = {key: made["metadata"][key] for key in ("resourceVersion", "uid")}
    change = json.dumps({"metadata": right, "data": {"x": "2"}})
    assert api.http.patch(f"{path}/a", content=change, headers=headers).status_code == 200


def apply(api: Api, path: str, body: str, manager: str, **query: str) -> Any:
    headers = {"Content-Type": "application/apply-patch+yaml"}
    return api.http.patch(path, content=body, params={"fieldManager": manager, **query}, headers=headers)


def test_server_side_apply_creates_owns_and_conflicts(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps/a"
    body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '%s'}\n"
    created = apply(api, path, body % 1, "one")
    assert created.status_code == 201 and created.json()["data"] == {"x": "1"}
    refused = apply(api, path, body % 2, "two")
    assert status_of(refused) == (409, "Conflict")
    assert refused.json()["message"] == 'Apply failed with 1 conflict: conflict with "one": .data.x'
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.x"}
    assert refused.json()["details"]["causes"] == [cause]
    forced = apply(api, path, body % 2, "two", force="true")
    assert forced.status_code == 200 and forced.json()["data"] == {"x": "2"}
    managers = {one["manager"]: one["operation"] for one in forced.json()["metadata"]["managedFields"]}
    assert managers.get("two") == "Apply"
    again = apply(api, path, body % 2, "two")
    assert again.json()["metadata"]["resourceVersion"] == forced.json()["metadata"]["resourceVersion"]


def test_the_count_of_a_daemon_sets_templates_is_the_servers_own(api: Api, namespace: str) -> None:
    note = "deprecated.daemonset.template.generation"
    path = f"/apis/apps/v1/namespaces/{namespace}/daemonsets/agent"
    spec = {key: value for key, value in deployment("agent")["spec"].items() if key != "replicas"}
    body = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"}, "spec": spec}
    made = apply(api, path, json.dumps(body), "one").json()
    assert made["metadata"]["annotations"] == {note: "1"}
    again = apply(api, path, json.dumps(body), "one").json()
    assert again["metadata"]["generation"] == made["metadata"]["generation"] == 1
    assert again["metadata"]["annotations"] == {note: "1"} and again["spec"] == made["spec"]
    assert note not in json.dumps(again["metadata"]["managedFields"]), "an apply owns what it says"
    spec["template"]["spec"]["terminationGracePeriodSeconds"] = 1
    changed = apply(api, path, json.dumps(body), "one").json()
    assert changed["metadata"]["annotations"] == {note: "2"} and changed["metadata"]["generation"] == 2
    put = api.http.put(path, json={**body, "metadata": {"name": "agent", "labels": {"a": "b"}}}).json()
    assert put["metadata"]["annotations"] == {note: "2"}, "who replaces it does not reset the count"


def test_apply_needs_a_manager(api: Api, namespace: str) -> None:
    headers = {"Content-Type": "application/apply-patch+yaml"}
    answer = api.http.patch(f"/api/v1/namespaces/{namespace}/configmaps/a", content="{}", headers=headers)
    assert status_of(answer) == (422, "Invalid")


def test_dry_run_changes_nothing(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    answer = api.http.post(path, json=config_map("a"), params={"dryRun": "All"})
    assert answer.status_code == 201 and answer.json()["metadata"]["uid"]
    assert api.http.get(f"{path}/a").status_code == 404
    made = api.create(path, config_map("b", x="1"))
    changed = api.http.put(f"{path}/b", json=config_map("b", x="2"), params={"dryRun": "All"})
    assert changed.json()["data"] == {"x": "2"}
    assert api.http.delete(f"{path}/b", params={"dryRun": "All"}).status_code == 200
    assert api.http.get(f"{path}/b").json() == made


def test_field_validation(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    wrong = pod("a")
    wrong["spec"]["containers"][0]["imagee"] = "x"
    strict = api.http.post(path, json=wrong, params={"fieldValidation": "Strict"})
    assert status_of(strict) == (400, "BadRequest")
    assert 'strict decoding error: unknown field "spec.containers[0].imagee"' in strict.json()["message"]
    warned = api.http.post(path, json=wrong)
    assert warned.status_code == 201
    assert warned.headers["Warning"] == '299 - "unknown field \\"spec.containers[0].imagee\\""'
    assert "imagee" not in warned.json()["spec"]["containers"][0]
    ignored = api.http.post(
        path, json={**wrong, "metadata": {"name": "b"}}, params={"fieldValidation": "Ignore"}
    )
    assert ignored.status_code == 201 and "Warning" not in ignored.headers


def test_invalid_objects_name_the_field(api: Api, namespace: str) -> None:
    wrong = deployment("web")
    wrong["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    answer = api.http.post(f"/apis/apps/v1/namespaces/{namespace}/deployments", json=wrong)
    assert status_of(answer) == (422, "Invalid")
    causes = answer.json()["details"]["causes"]
    assert [cause["field"] for cause in causes] == ["spec.template.metadata.labels"]
    assert answer.json()["message"].startswith(
        'Deployment.apps "web" is invalid: spec.template.metadata.labels: '
    )
