"""What the API server takes and runs, the preflight must not refuse; and what it says of it instead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Kind
from toolkit.cluster.release.apply import apply
from toolkit.cluster.release.ordering import phases

from tests.sandbox.cluster.preflight.ahead import LABELS, Ahead
from tests.sandbox.local import Sandbox

Json = dict[str, Any]


@pytest.fixture
def ahead(sandbox: Sandbox, namespace: str, tmp_path: Path) -> Ahead:
    return Ahead(sandbox, namespace, tmp_path)


def go(ahead: Ahead, *found: Json) -> None:
    """Apply as a deployment does."""
    for phase in phases(found):
        apply(ahead.connection, phase)


def live(ahead: Ahead, plural: str, name: str, group: str = "apis/apps/v1") -> Json:
    found: Json = ahead.sandbox.api("GET", f"/{group}/namespaces/{ahead.namespace}/{plural}/{name}")
    return found


def test_a_pod_whose_account_is_in_the_same_manifests(ahead: Ahead, tiny_image: str) -> None:
    container = {"name": "app", "image": tiny_image, "command": ["true"]}
    spec = {"restartPolicy": "Never", "serviceAccountName": "runner", "containers": [container]}
    found = [ahead.obj("Pod", "once", spec=spec), ahead.obj("ServiceAccount", "runner")]
    assert ahead.check(*found) == []
    go(ahead, *found)
    path = f"/api/v1/namespaces/{ahead.namespace}/pods/once"
    ahead.sandbox.wait(path, lambda pod: pod.get("status", {}).get("phase") == "Succeeded")
    # and one whose account nobody brings is refused, by the account's name
    (problem,) = ahead.check(ahead.obj("Pod", "other", spec={**spec, "serviceAccountName": "nobody"}))
    assert problem.line.startswith("ServiceAccount/nobody: there is no such ServiceAccount in ")


def test_the_same_kind_and_name_in_two_groups(ahead: Ahead) -> None:
    """Of these two the sandbox serves one; the other must not make it count as there."""
    mine = ahead.obj("Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})
    theirs = ahead.obj("Service", "web", "serving.knative.dev/v1", spec={})
    web = ahead.deployment()
    assert ahead.check(mine, web) == []
    lines = ahead.lines(mine, theirs, web)
    assert lines == ["Service/web: cluster sandbox does not serve the kind Service of serving.knative.dev/v1"]


def test_a_stateful_set_mounts_the_claims_that_it_makes(ahead: Ahead) -> None:
    """In a pod of its template alone there would be no such volume."""
    web = ahead.deployment(container={"volumeMounts": [{"name": "data", "mountPath": "/data"}]})
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }
    web |= {
        "kind": "StatefulSet",
        "spec": {**web["spec"], "serviceName": "web", "volumeClaimTemplates": [claim]},
    }
    names = ahead.obj(
        "Service", "web", spec={"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"port": 80}]}
    )
    assert [problem.line for problem in ahead.check(web, names) if problem.is_certain] == []


def test_a_binding_whose_role_is_in_the_same_manifests(ahead: Ahead) -> None:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    subject = {"kind": "ServiceAccount", "name": "runner", "namespace": ahead.namespace}
    rbac = "rbac.authorization.k8s.io/v1"
    binding = ahead.obj("RoleBinding", "reads", rbac, roleRef=role, subjects=[subject])
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    reader = ahead.obj("Role", "reader", rbac, rules=rules)
    account = ahead.obj("ServiceAccount", "runner")
    assert ahead.check(binding, reader, account) == []
    (problem,) = ahead.check(binding, account)
    assert problem.is_certain and problem.line.startswith("Role/reader: there is no such Role in ")


def test_a_registry_secret_that_is_missing_is_a_warning(ahead: Ahead) -> None:
    (problem,) = ahead.check(ahead.deployment(imagePullSecrets=[{"name": "registry"}]))
    assert not problem.is_certain and problem.line.startswith("Secret/registry: there is no such Secret")


def test_pods_that_are_not_made_need_nothing_yet(ahead: Ahead) -> None:
    needy = {"envFrom": [{"secretRef": {"name": "absent"}}]}
    assert [each.is_certain for each in ahead.check(ahead.deployment(container=needy))] == [True]
    assert [each.is_certain for each in ahead.check(ahead.deployment(container=needy, replicas=0))] == [False]


def test_a_quota_in_the_same_manifests_is_the_one_that_counts(ahead: Ahead) -> None:
    small = {"metadata": {"name": "room", "labels": LABELS}, "spec": {"hard": {"pods": "0"}}}
    path = f"/api/v1/namespaces/{ahead.namespace}/resourcequotas"
    ahead.sandbox.api("POST", f"{path}?fieldManager=form-builder-pipeline", small)
    ahead.sandbox.wait(f"{path}/room", lambda obj: obj.get("status", {}).get("used"))
    assert any("no room for pods=1" in line for line in ahead.lines(ahead.deployment()))
    wider = ahead.obj("ResourceQuota", "room", spec={"hard": {"pods": "5"}})
    assert [each.line for each in ahead.check(ahead.deployment(), wider, force=True) if each.is_certain] == []


@pytest.mark.parametrize("wide", ["PriorityClass", "StorageClass", "IngressClass", "ClusterRole"])
def test_what_belongs_to_the_whole_cluster_is_refused_by_name(ahead: Ahead, wide: str) -> None:
    versions = {"PriorityClass": "scheduling.k8s.io", "StorageClass": "storage.k8s.io",
                "IngressClass": "networking.k8s.io", "ClusterRole": "rbac.authorization.k8s.io"}  # fmt: skip
    problems = ahead.check(ahead.obj(wide, "mine", f"{versions[wide]}/v1"), ahead.deployment())
    assert [(each.line, each.kind) for each in problems] == [
        (f"{wide}/mine: belongs to the whole cluster, not to an app", Kind.REFUSED)
    ]
    assert "provision/" in problems[0].remedy


def changed(ahead: Ahead, before: Json, after: Json, plural: str, name: str = "web") -> Json:
    """Applied, foreseen as possible, applied anew; and what is there then."""
    go(ahead, before)
    seen(ahead, plural, name)
    assert ahead.check(after) == []
    go(ahead, after)
    now = live(ahead, plural, name)
    appliers = [
        (entry["manager"], entry["operation"])
        for entry in now["metadata"]["managedFields"]
        if entry["manager"].startswith("form-builder")
    ]
    assert appliers == [("form-builder-pipeline", "Apply")]
    # one step as far as anybody can see: no revision between the old and the new
    seen(ahead, plural, name)
    sets = ahead.sandbox.api("GET", f"/apis/apps/v1/namespaces/{ahead.namespace}/replicasets")["items"]
    same = before["spec"]["template"] == after["spec"]["template"]
    assert len(sets) == (1 if same else 2)
    return now


def seen(ahead: Ahead, plural: str, name: str) -> None:
    """Wait until the controller has seen the object as it is."""
    path = f"/apis/apps/v1/namespaces/{ahead.namespace}/{plural}/{name}"
    ahead.sandbox.wait(
        path, lambda obj: obj.get("status", {}).get("observedGeneration") == obj["metadata"]["generation"]
    )


@pytest.mark.parametrize("told", [None, {"type": "RollingUpdate"}, {"rollingUpdate": {"maxSurge": 1}}])
def test_a_deployment_goes_from_rolling_to_recreate_and_back(ahead: Ahead, told: Json | None) -> None:
    before, after = ahead.deployment(replicas=0), ahead.deployment(replicas=0)
    if told:
        before["spec"]["strategy"] = told
    after["spec"]["strategy"] = {"type": "Recreate"}
    assert changed(ahead, before, after, "deployments")["spec"]["strategy"] == {"type": "Recreate"}
    go(ahead, before)
    back = live(ahead, "deployments", "web")["spec"]["strategy"]
    assert back["type"] == "RollingUpdate" and back["rollingUpdate"]["maxUnavailable"] == "25%"


def test_a_stateful_set_goes_to_on_delete(ahead: Ahead) -> None:
    before, after = ahead.deployment(replicas=0), ahead.deployment(replicas=0)
    for each in (before, after):
        each["kind"] = "StatefulSet"
        each["spec"]["serviceName"] = ""
    after["spec"]["updateStrategy"] = {"type": "OnDelete"}
    go(ahead, before)
    assert [each for each in ahead.check(after) if each.is_certain and "kept" not in each.sentence] == []
    go(ahead, after)
    assert live(ahead, "statefulsets", "web")["spec"]["updateStrategy"] == {"type": "OnDelete"}


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        # nothing is said of the old volume: the API server makes it an emptyDir, which nobody applied
        ({"volumes": [{"name": "v"}]}, {"volumes": [{"name": "v", "configMap": {"name": "c"}}]}, "emptyDir"),
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "s"}}]},
            {"volumes": [{"name": "v", "configMap": {"name": "c"}}]},
            "secret",
        ),
    ],
)
def test_a_volume_gets_another_source(ahead: Ahead, before: Json, after: Json, gone: str) -> None:
    ahead.post("configmaps", "c", data={"a": "b"})
    ahead.post("secrets", "s", stringData={"a": "b"})
    old, new = ahead.deployment(replicas=0, **before), ahead.deployment(replicas=0, **after)
    (volume,) = changed(ahead, old, new, "deployments")["spec"]["template"]["spec"]["volumes"]
    assert gone not in volume and "configMap" in volume


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            {"readinessProbe": {"httpGet": {"path": "/", "port": 80}}},
            {"readinessProbe": {"tcpSocket": {"port": 80}}},
        ),
        ({"livenessProbe": {"httpGet": {"port": 80}}}, {"livenessProbe": {"exec": {"command": ["true"]}}}),
        (
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]},
            {"env": [{"name": "A", "value": "1"}]},
        ),
        (
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
        ),
    ],
)
def test_a_choice_that_was_applied_goes_with_what_the_server_filled_in(
    ahead: Ahead, before: Json, after: Json
) -> None:
    old, new = ahead.deployment(container=before, replicas=0), ahead.deployment(container=after, replicas=0)
    changed(ahead, old, new, "deployments")


def test_a_service_changes_its_type_and_back(ahead: Ahead) -> None:
    def service(**spec: Any) -> Json:
        return ahead.obj("Service", "web", spec={"ports": [{"port": 80}], **spec})

    for spec in ({}, {"type": "NodePort"}, {"type": "ClusterIP"}, {"sessionAffinity": "ClientIP"}, {}):
        assert ahead.check(service(**spec)) == [], spec
        go(ahead, service(**spec))


def test_what_somebody_else_set_is_theirs_and_the_command_is_said(ahead: Ahead) -> None:
    """As kubectl create leaves it: the whole object is kubectl's."""
    made = ahead.deployment(replicas=0)
    made["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2}}
    path = f"/apis/apps/v1/namespaces/{ahead.namespace}/deployments"
    ahead.sandbox.api("POST", f"{path}?fieldManager=kubectl-create", made)
    after = ahead.deployment(replicas=0)
    after["spec"]["strategy"] = {"type": "Recreate"}
    (problem,) = ahead.check(after, force=True)
    assert problem.line == (
        "Deployment/web: spec.strategy.rollingUpdate does not go with what is to be applied, and belongs to "
        '"kubectl-create"'
    )
    assert problem.remedy.startswith(f"kubectl patch -n {ahead.namespace} deployment/web --type=json -p '[")
    patch = problem.remedy.split("'")[1]
    ahead.sandbox.api("PATCH", f"{path}/web", json.loads(patch), "application/json-patch+json")
    assert ahead.check(after, force=True) == []


@pytest.mark.parametrize(
    ("kind", "change", "fields", "remedy"),
    [
        ("Deployment", {"selector": {"matchLabels": {"app": "web", "t": "f"}}},
         {"spec.selector"}, "another name"),
        ("StatefulSet", {"serviceName": "other", "podManagementPolicy": "Parallel"},
         {"spec.podManagementPolicy", "spec.serviceName"},
         "kubectl delete statefulset web -n {namespace} --cascade=orphan"),
    ],
)  # fmt: skip
def test_what_cannot_change_is_named_field_by_field_with_what_to_do(
    ahead: Ahead, kind: str, change: Json, fields: set[str], remedy: str
) -> None:
    old, new = ahead.deployment(replicas=0), ahead.deployment(replicas=0)
    for each in (old, new):
        each["kind"] = kind
        each["spec"]["template"]["metadata"]["labels"]["t"] = "f"
        if kind == "StatefulSet":
            each["spec"]["serviceName"] = ""
    new["spec"] |= change
    go(ahead, old)
    (problem,) = [each for each in ahead.check(new) if each.is_certain]
    named, _, said = problem.sentence.partition(": ")
    assert (set(named.split(", ")), said) == (fields, "cannot be changed once the object is there")
    assert remedy.format(namespace=ahead.namespace) in problem.remedy
