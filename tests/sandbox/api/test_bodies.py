"""Bodies and options of requests: what is read of them, and what is refused."""

from __future__ import annotations

import pytest

from tests.sandbox.api.served import Api, config_map, status_of


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("POST", "CreateOptions"),
        ("PUT", "UpdateOptions"),
        ("PATCH", "PatchOptions"),
        ("DELETE", "DeleteOptions"),
    ],
)
def test_a_dry_run_is_of_all_or_of_nothing(api: Api, namespace: str, method: str, options: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(path, config_map("a"))
    headers = {"Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json"}
    where = path if method == "POST" else f"{path}/a"
    body = None if method == "DELETE" else config_map("a")
    answer = api.http.request(method, where, params={"dryRun": "Some"}, headers=headers, json=body)
    assert status_of(answer) == (422, "Invalid")
    told = f'{options}.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]'
    assert answer.json()["message"] == f'{told}: supported values: "All"'
    assert api.http.get(f"{path}/a").status_code == 200


def test_a_body_of_null_is_an_empty_object(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(path, config_map("a", x="1"))
    created = api.http.post(path, content=b"null", headers={"Content-Type": "application/json"})
    assert status_of(created) == (422, "Invalid")
    told = "metadata.name: Required value: name or generateName is required"
    assert created.json()["message"] == f'ConfigMap "" is invalid: {told}'
    replaced = api.http.put(f"{path}/a", content=b"null", headers={"Content-Type": "application/json"})
    assert status_of(replaced) == (400, "BadRequest")
    assert "name must be provided" in replaced.json()["message"]
    for kind, code in (("merge", 400), ("strategic-merge", 200), ("json", 200)):
        suffix = "json-patch+json" if kind == "json" else f"{kind}-patch+json"
        answer = api.http.patch(
            f"{path}/a", content=b"null", headers={"Content-Type": f"application/{suffix}"}
        )
        assert answer.status_code == code, (kind, answer.text)
    assert api.http.get(f"{path}/a").json()["data"] == {"x": "1"}


def test_a_replacement_says_its_name(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(path, config_map("a"))
    answer = api.http.put(f"{path}/a", json={"metadata": {}})
    assert status_of(answer) == (400, "BadRequest")
    told = "the name of the object (a based on URL) was undeterminable: name must be provided"
    assert answer.json()["message"] == told


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"x"',
        b"{",
        b"null",
        b'{"metadata": 1}',
        b'{"metadata": {"name": 5}}',
        b'{"metadata": {"name": "a", "labels": 7}}',
        b'{"metadata": {"name": "a"}, "spec": "x"}',
        b'{"metadata": {"name": "a"}, "spec": {"containers": {}}}',
        b'{"metadata": {"name": "a"}, "spec": {"containers": [7, null]}}',
        b'{"metadata": {"name": "a"}, "spec": {"containers": [{"resources": 1}]}}',
        b'{"apiVersion": "v2", "metadata": {"name": "a"}}',
        b'{"kind": "Service", "metadata": {"name": "a"}}',
        b'{"metadata": {"name": "a", "namespace": "elsewhere"}}',
        b"\xff\xfe",
        b"[" * 5000,
    ],
)
@pytest.mark.parametrize(
    "kind", ["api/v1/{}/pods", "apis/apps/v1/{}/deployments", "apis/batch/v1/{}/jobs", "api/v1/{}/services"]
)
def test_malformed_bodies_are_refused(api: Api, namespace: str, kind: str, body: bytes) -> None:
    path = "/" + kind.format(f"namespaces/{namespace}")
    answer = api.http.post(path, content=body, headers={"Content-Type": "application/json"})
    if answer.status_code == 504 and kind.endswith("services"):
        pytest.skip("Kubernetes 1.34 answers a Service without ports when its time is up")
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["message"] and "Traceback" not in answer.text


def test_bodies_have_a_limit(api: Api, namespace: str) -> None:
    large = config_map("a", x="y" * (3 * 1024 * 1024))
    assert status_of(api.http.post(f"/api/v1/namespaces/{namespace}/configmaps", json=large))[0] == 413


def test_yaml_bodies(api: Api, namespace: str) -> None:
    body = "metadata: {name: a}\ndata: {day: 2024-01-02}\n"
    headers = {"Content-Type": "application/yaml"}
    answer = api.http.post(f"/api/v1/namespaces/{namespace}/configmaps", content=body, headers=headers)
    assert answer.status_code == 201 and answer.json()["data"] == {"day": "2024-01-02"}
