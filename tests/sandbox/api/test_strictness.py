"""What is refused as on a real cluster, what is not, and what a write is warned of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.base.kinds import KINDS, KindInfo
from tests.sandbox.api.every_kind import GOOD, good, mutilations
from tests.sandbox.api.running import Running
from tests.sandbox.api.served import Api, config_map, deployment

APPLY = {"Content-Type": "application/apply-patch+yaml"}


def collection(info: KindInfo, namespace: str) -> str:
    root = "/apis/" if info.group else "/api/"
    return (
        root + info.api_version + (f"/namespaces/{namespace}" if info.namespaced else "") + f"/{info.plural}"
    )


def applied(api: Api, path: str, obj: dict[str, Any], **query: Any) -> Any:
    query = {"fieldManager": "test", **query}
    return api.http.patch(path, content=json.dumps(obj), headers=APPLY, params=query)


def test_every_stored_kind_has_a_good_object() -> None:
    assert GOOD.keys() == {info.kind for info in KINDS if info.stored}


@pytest.mark.parametrize("info", [one for one in KINDS if one.stored], ids=lambda one: one.kind)
def test_a_mutilated_object_is_never_an_accident(api: Api, namespace: str, info: KindInfo) -> None:
    """Whatever is missing, null or empty, the answer is the object or says what is wrong with it."""
    if info.kind == "ServiceMonitor" and not isinstance(api, Running):
        pytest.skip("nobody has defined them in this cluster")
    path, whole = collection(info, namespace), good(info)
    if info.kind == "Event":
        whole["involvedObject"]["namespace"] = namespace
    answer = api.http.post(path, json=whole, params={"dryRun": "All"})
    assert answer.status_code == 201, answer.text
    for told, obj in mutilations(whole):
        answer = api.http.post(path, json=obj, params={"dryRun": "All"})
        assert answer.status_code < 500, (told, answer.text)


def test_a_pod_without_spec_lacks_containers(api: Api, namespace: str) -> None:
    for spec in ({}, {"spec": None}, {"spec": {}}):
        answer = api.http.post(
            f"/api/v1/namespaces/{namespace}/pods", json={"metadata": {"name": "a"}, **spec}
        )
        assert answer.status_code == 422
        assert answer.json()["message"] == 'Pod "a" is invalid: spec.containers: Required value'


def test_a_deployment_without_spec_is_told_everything(api: Api, namespace: str) -> None:
    answer = api.http.post(
        f"/apis/apps/v1/namespaces/{namespace}/deployments", json={"metadata": {"name": "a"}}
    )
    fields = {cause["field"] for cause in answer.json()["details"]["causes"]}
    assert answer.status_code == 422
    assert {"spec.selector", "spec.template.spec.containers"} <= fields


def test_an_account_without_namespace_may_be_bound_to_a_role_of_its_own(api: Api, namespace: str) -> None:
    group, rbac = "rbac.authorization.k8s.io", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}
    api.create(f"{rbac}/roles", {"metadata": {"name": "reader"}, "rules": [rule]})
    binding = {
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "app"}],
    }
    api.create(f"{rbac}/rolebindings", binding)
    for user, code in (
        (f"system:serviceaccount:{namespace}:app", 200),
        ("system:serviceaccount:default:app", 403),
    ):
        answer = api.http.get(
            f"/api/v1/namespaces/{namespace}/configmaps", headers={"Impersonate-User": user}
        )
        assert answer.status_code == code
    binding["roleRef"]["kind"] = "ClusterRole"
    answer = api.http.post(f"/apis/{group}/v1/clusterrolebindings", json=binding)
    assert answer.status_code == 422 and "subjects[0].namespace: Required value" in answer.text


@pytest.mark.parametrize("mode", ["Strict", "Warn", "Ignore"])
def test_apply_takes_no_field_that_the_kind_does_not_have(api: Api, namespace: str, mode: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    wrong = {"apiVersion": "apps/v1", "kind": "Deployment", **deployment("web")}
    wrong["spec"]["replicaz"] = 2
    answer = applied(api, path, wrong, fieldValidation=mode)
    told = "failed to create typed patch object (/web; apps/v1, Kind=Deployment): "
    assert answer.status_code == 500
    assert answer.json()["message"] == f"{told}.spec.replicaz: field not declared in schema"
    wrong["metadata"]["namespace"] = namespace
    named = applied(api, path, wrong, fieldValidation=mode).json()["message"]
    assert f"({namespace}/web; apps/v1, Kind=Deployment)" in named, "as far as it says itself who it is"
    assert api.http.get(path).status_code == 404


def test_of_an_object_nothing_more_is_looked_at_after_a_field_that_it_does_not_have(
    api: Api, namespace: str
) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    wrong = {"apiVersion": "apps/v1", "kind": "Deployment", **deployment("web")}
    container = wrong["spec"]["template"]["spec"]["containers"][0]
    container |= {"imagee": "x", "comand": ["y"]}
    said = applied(api, path, wrong).json()["message"]
    fields = [f'.spec.template.spec.containers[name="main"].{name}' for name in ("imagee", "comand")]
    # Which one comes first is Go's map's business.
    assert any(said.endswith(f"): {field}: field not declared in schema") for field in fields)


MISTYPED = {
    "replicas": (("spec", "replicas"), "two", ".spec.replicas: expected numeric (int or float), got string"),
    "paused": (("spec", "paused"), "yes", ".spec.paused: expected boolean, got &{yes}"),
    "template": (("spec", "template", "spec"), "x", ".spec.template.spec: expected map, got &{x}"),
    "list": (("spec", "template", "spec"), [1], ".spec.template.spec: expected map, got &{[1]}"),
    "containers": (
        ("spec", "template", "spec", "containers"),
        {"a": 1},
        ".spec.template.spec.containers: expected list, got &{map[a:1]}",
    ),
    "label": (
        ("metadata", "labels"),
        {"a": 1},
        ".metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}",
    ),
    "twice": (
        ("spec", "template", "spec", "containers"),
        [{"name": "main", "image": "a"}, {"name": "main", "image": "b"}],
        '.spec.template.spec.containers: duplicate entries for key [name="main"]',
    ),
    "environment": (
        ("spec", "template", "spec", "containers"),
        [{"name": "main", "image": "a", "env": [{"name": "A", "value": 1}]}],
        '.spec.template.spec.containers[name="main"].env[name="A"].value: expected string, '
        "got &value.valueUnstructured{Value:1}",
    ),
}


@pytest.mark.parametrize("case", MISTYPED)
def test_apply_takes_no_value_of_another_type(api: Api, namespace: str, case: str) -> None:
    place, value, told = MISTYPED[case]
    wrong = {"apiVersion": "apps/v1", "kind": "Deployment", **deployment("web")}
    section = wrong
    for key in place[:-1]:
        section = section[key]
    section[place[-1]] = value
    answer = applied(api, f"/apis/apps/v1/namespaces/{namespace}/deployments/web", wrong)
    assert answer.status_code == 500 and "reason" not in answer.json()
    what = "failed to create typed patch object (/web; apps/v1, Kind=Deployment)"
    assert answer.json()["message"] == f"{what}: {told}"


def test_what_apply_cannot_convert_is_told_by_the_decoder(api: Api, namespace: str) -> None:
    wrong = {"apiVersion": "apps/v1", "kind": "Deployment", **deployment("web")}
    container = wrong["spec"]["template"]["spec"]["containers"][0]
    container["resources"] = {"limits": {"cpu": "much"}}
    answer = applied(api, f"/apis/apps/v1/namespaces/{namespace}/deployments/web", wrong)
    what = "failed to convert new object (/web; apps/v1, Kind=Deployment) to proper version"
    into = "unable to convert unstructured object to apps/v1, Kind=Deployment"
    assert answer.status_code == 500 and "reason" not in answer.json()
    assert answer.json()["message"].startswith(
        f"{what}: {into}: quantities must match the regular expression"
    )


def test_an_item_without_its_key_is_invalid(api: Api, namespace: str) -> None:
    wrong = {"apiVersion": "apps/v1", "kind": "Deployment", **deployment("web")}
    del wrong["spec"]["template"]["spec"]["containers"][0]["name"]
    answer = applied(api, f"/apis/apps/v1/namespaces/{namespace}/deployments/web", wrong)
    told = 'Deployment.apps "web" is invalid: spec.template.spec.containers[0].name: Required value'
    assert (answer.status_code, answer.json()["message"]) == (422, told)


@pytest.mark.parametrize(
    ("version", "kind"), [("apps/v2", "Deployment"), ("apps/v1", "StatefulSet"), ("", "Deployment")]
)
def test_apply_is_of_the_kind_of_its_path(api: Api, namespace: str, version: str, kind: str) -> None:
    wrong = {"apiVersion": version, "kind": kind, **deployment("web")}
    answer = applied(api, f"/apis/apps/v1/namespaces/{namespace}/deployments/web", wrong)
    told = f"invalid object type: {version or '/'}, Kind={kind}"
    assert (answer.status_code, answer.json()["message"]) == (400, told)


def test_recreate_does_not_go_with_a_rolling_update_that_is_still_there(api: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    wanted = {"apiVersion": "apps/v1", "kind": "Deployment", **deployment("web")}
    assert applied(api, path, wanted).status_code == 201
    wanted["spec"]["strategy"] = {"type": "Recreate"}
    for query in ({}, {"force": "true"}, {"dryRun": "All"}):
        answer = applied(api, path, wanted, **query)
        assert answer.status_code == 422
        assert (
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"
            in answer.json()["message"]
        )
    patch = {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}
    merge = {"Content-Type": "application/merge-patch+json"}
    assert api.http.patch(path, json=patch, headers=merge).status_code == 200
    assert applied(api, path, wanted).status_code == 200


def test_sizes_have_the_limits_of_a_real_cluster(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    mib = 1024 * 1024
    assert api.http.post(path, json=config_map("fits", a="x" * (mib - 1))).status_code == 201
    answer = api.http.post(path, json=config_map("data", a="x" * (mib + 1)))
    assert answer.status_code == 422
    assert answer.json()["message"].endswith("[]: Too long: may not be more than 1048576 bytes")
    answer = api.http.post(path, json=config_map("body", a="x" * (3 * mib)))
    assert (answer.status_code, answer.json()["reason"]) == (413, "RequestEntityTooLarge")
    assert answer.json()["message"] == "Request entity too large: limit is 3145728"
    if not isinstance(api, Running):  # what has no limit of its own there is defined by nobody
        return
    widget = {"metadata": {"name": "big"}, "spec": {"note": "x" * (mib * 3 // 2)}}
    answer = api.http.post(
        f"/apis/monitoring.coreos.com/v1/namespaces/{namespace}/servicemonitors", json=widget
    )
    assert (answer.status_code, answer.json()["message"]) == (500, "etcdserver: request is too large")


def test_a_write_of_a_kind_that_nothing_acts_on_is_warned(sandbox_api: Running, namespace: str) -> None:
    api = sandbox_api
    path = f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "x"}}
    scaler |= GOOD["HorizontalPodAutoscaler"]
    told = '299 - "sandbox: HorizontalPodAutoscaler is kept, nothing acts on it"'
    for answer in (
        api.http.post(path, json=scaler, params={"dryRun": "All"}),
        applied(api, f"{path}/x", scaler, dryRun="All"),
        api.http.post(path, json=scaler),
        api.http.put(f"{path}/x", json=scaler),
        applied(api, f"{path}/x", scaler, force="true"),
    ):
        assert answer.status_code in (200, 201), answer.text
        assert answer.headers["Warning"] == told
    assert "Warning" not in api.http.get(f"{path}/x").headers
    made = api.http.post(f"/api/v1/namespaces/{namespace}/configmaps", json=config_map("a"))
    assert "Warning" not in made.headers
