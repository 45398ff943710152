"""A HorizontalPodAutoscaler is the same object in both of its versions."""

from __future__ import annotations

import json
import threading
from typing import Any

from tests.sandbox.api.running import Running
from tests.sandbox.api.served import Api, eventually

TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
FIRST = {
    "apiVersion": "autoscaling/v1",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web"},
    "spec": {"maxReplicas": 3, "scaleTargetRef": TARGET, "targetCPUUtilizationPercentage": 60},
}
CPU = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}
MEMORY = {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 70}}


def place(version: str, namespace: str, name: str = "") -> str:
    root = f"/apis/autoscaling/{version}/namespaces/{namespace}/horizontalpodautoscalers"
    return f"{root}/{name}" if name else root


def patched(api: Api, path: str, kind: str, body: Any, **query: str) -> Any:
    headers = {"Content-Type": f"application/{kind}"}
    return api.http.patch(path, content=json.dumps(body), headers=headers, params=query)


def test_what_is_written_in_one_version_is_read_in_the_other(api: Api, namespace: str) -> None:
    made = api.create(place("v1", namespace), FIRST)
    assert made["apiVersion"] == "autoscaling/v1"
    assert made["spec"] == {**FIRST["spec"], "minReplicas": 1}  # type: ignore[dict-item]
    second = api.http.get(place("v2", namespace, "web")).json()
    assert second["spec"]["metrics"] == [{"type": "Resource", "resource": CPU}]
    second["spec"]["metrics"].append({"type": "Resource", "resource": MEMORY})
    assert api.http.put(place("v2", namespace, "web"), json=second).status_code == 200
    first = api.http.get(place("v1", namespace, "web")).json()
    assert first["spec"]["targetCPUUtilizationPercentage"] == 60 and "metrics" not in first["spec"]
    assert "memory" in first["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"]
    first["spec"]["maxReplicas"] = 9
    assert api.http.put(place("v1", namespace, "web"), json=first).status_code == 200
    kept = api.http.get(place("v2", namespace, "web")).json()
    # What the first version has no field for comes before what it has one for.
    assert kept["spec"]["metrics"] == second["spec"]["metrics"][::-1] and kept["spec"]["maxReplicas"] == 9
    assert "annotations" not in kept["metadata"]


def test_patches_are_of_the_version_they_are_sent_to(api: Api, namespace: str) -> None:
    path = place("v1", namespace, "web")
    assert patched(api, path, "apply-patch+yaml", FIRST, fieldManager="t").status_code == 201
    higher = {"spec": {"targetCPUUtilizationPercentage": 90}}
    for kind in ("merge-patch+json", "strategic-merge-patch+json"):
        answer = patched(api, path, kind, higher)
        assert (answer.status_code, answer.json()["apiVersion"]) == (200, "autoscaling/v1")
        assert answer.json()["spec"]["targetCPUUtilizationPercentage"] == 90
    if isinstance(api, Running):
        assert "HorizontalPodAutoscaler is kept" in answer.headers["Warning"]
    [metric] = api.http.get(place("v2", namespace, "web")).json()["spec"]["metrics"]
    assert metric["resource"]["target"]["averageUtilization"] == 90
    wrong = patched(api, path, "merge-patch+json", {"spec": {"maxReplicas": 0}})
    assert wrong.status_code == 422 and "spec.maxReplicas" in wrong.text


def test_lists_and_watches_are_of_the_version_that_was_asked(own_api: Running) -> None:
    seen: list[Any] = []

    def follow() -> None:
        for event in own_api.watch(place("v1", "default"), timeoutSeconds=30):
            seen.append(event)
            return

    thread = threading.Thread(target=follow)
    thread.start()
    own_api.create(place("v1", "default"), FIRST)
    eventually(lambda: seen)
    thread.join(30)
    assert seen[0]["object"]["spec"]["targetCPUUtilizationPercentage"] == 60
    listed = own_api.http.get(place("v1", "default")).json()
    assert listed["apiVersion"] == "autoscaling/v1"
    assert listed["items"][0]["spec"]["targetCPUUtilizationPercentage"] == 60
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    assert own_api.http.get(place("v1", "default"), headers=accept).json()["kind"] == "Table"
    group = own_api.http.get("/apis/autoscaling").json()
    assert [one["version"] for one in group["versions"]] == ["v2", "v1"]
    assert own_api.http.delete(place("v1", "default", "web")).status_code == 200
    assert own_api.http.get(place("v2", "default")).json()["items"] == []
