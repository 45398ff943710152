"""What left the templates goes, and nothing that only looks like it: in the real sandbox."""

from __future__ import annotations

import threading
from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import pytest
from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import Connection, connect
from toolkit.cluster.release import prune, release_store
from toolkit.cluster.release.apply import apply
from toolkit.cluster.release.kept import packing
from toolkit.settings.model import Cluster, Ref

from tests.sandbox.local import Sandbox
from tests.sandbox.platform_double import Platform
from tests.sandbox.templates import MERGE, Json

LABELS = {"appGroup": "fb-tiny", "app.kubernetes.io/managed-by": "form-builder-pipeline"}


class Said(list[str]):
    """A space that keeps what it says."""

    @property
    def space(self) -> Space:
        return Space("one", self.append, threading.Event())


def obj(namespace: str, kind: str, name: str, version: str = "v1", **more: Any) -> Json:
    metadata = {"name": name, "namespace": namespace, "labels": dict(LABELS), **more.pop("metadata", {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def names(left: list[Json]) -> list[str]:
    return [f"{each['kind']}/{each['metadata']['name']}" for each in left]


def test_of_everything_that_looks_alike_only_what_the_pipeline_applied_is_left_over(
    sandbox: Sandbox, namespace: str, connection: Connection
) -> None:
    stays = obj(namespace, "ConfigMap", "stays", data={"a": "b"})
    goes = obj(namespace, "ConfigMap", "goes", data={"a": "b"})
    monitor = obj(namespace, "ServiceMonitor", "goes", "monitoring.coreos.com/v1", spec={})
    service = obj(namespace, "Service", "goes", spec={"selector": {"a": "b"}, "ports": [{"port": 80}]})
    another = obj(namespace, "ConfigMap", "another-app", metadata={"labels": {**LABELS, "appGroup": "fb-it"}})
    unlabelled = obj(namespace, "ConfigMap", "no-manager", metadata={"labels": {"appGroup": "fb-tiny"}})
    co_owned = obj(namespace, "ConfigMap", "also-theirs", data={"a": "b"})
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "stays", "uid": "0"}
    apply(connection, [stays, goes, monitor, service, another, unlabelled, co_owned])
    owner["uid"] = sandbox.api("GET", f"/api/v1/namespaces/{namespace}/configmaps/stays")["metadata"]["uid"]
    apply(connection, [obj(namespace, "ConfigMap", "owned", metadata={"ownerReferences": [owner]})])
    # Made by the pipeline, but not applied: a fixture, the releases, a lock.
    for kind, version, collection in (
        ("Secret", "v1", f"/api/v1/namespaces/{namespace}/secrets"),
        ("Lease", "coordination.k8s.io/v1", f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"),
    ):
        connection.create(collection, obj(namespace, kind, "made", version))
    release_store.change(connection, namespace, "tiny", lambda data: data.update({"a": "b"}))
    # Applied by somebody else with our labels; and changed by somebody since: still ours.
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    for name in ("theirs", "also-theirs"):
        theirs = obj(namespace, "ConfigMap", name, data={"x": "y"})
        sandbox.api("PATCH", f"{path}/{name}?fieldManager=argocd", theirs, "application/apply-patch+yaml")
    sandbox.api("PATCH", f"{path}/goes?fieldManager=kubectl-edit", {"data": {"a": "c"}}, MERGE)
    left = prune.leftovers(connection, namespace, "tiny", [stays])
    assert names(left) == ["ServiceMonitor/goes", "Service/goes", "ConfigMap/goes"]
    said = Said()
    gone = prune.prune(connection, left, said.space)
    assert gone == ["ServiceMonitor/goes", "Service/goes", "ConfigMap/goes"]
    assert said[0] == "deleted ServiceMonitor/goes: it is not in the templates any more"
    assert prune.leftovers(connection, namespace, "tiny", [stays]) == []
    found = sandbox.api("GET", path)["items"]
    assert {"stays", "another-app", "no-manager", "owned", "theirs", "also-theirs", "fb-tiny-release"} <= {
        each["metadata"]["name"] for each in found
    }


def test_what_kubectl_created_with_our_labels_is_not_ours(
    namespace: str, connection: Connection, kubectl: Callable[..., CompletedProcess[str]]
) -> None:
    kubectl("create", "configmap", "made-by-hand", "--from-literal", "a=b")
    kubectl("label", "configmap", "made-by-hand", *(f"{key}={value}" for key, value in LABELS.items()))
    assert prune.leftovers(connection, namespace, "tiny", []) == []


def test_claims_and_running_jobs_stay_and_it_is_said_why(
    sandbox: Sandbox, namespace: str, connection: Connection, tiny_image: str
) -> None:
    claim_spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    container = {"name": "app", "image": tiny_image, "env": [{"name": "START_DELAY", "value": "600"}]}
    pod = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [container]}
    apply(connection, [
        obj(namespace, "PersistentVolumeClaim", "data", spec=claim_spec),
        obj(namespace, "Job", "long", "batch/v1", spec={"template": {"spec": pod}}),
    ])  # fmt: skip
    job = f"/apis/batch/v1/namespaces/{namespace}/jobs/long"
    sandbox.wait(job, lambda live: live.get("status", {}).get("active"))
    said = Said()
    left = prune.leftovers(connection, namespace, "tiny", [])
    assert names(left) == ["Job/long", "PersistentVolumeClaim/data"]
    assert prune.prune(connection, left, said.space) == []
    assert said[0] == "Job/long is not in the templates any more and stays: it still runs"
    assert f"it holds data; to delete it: kubectl delete -n {namespace} pvc data" in said[1]
    sandbox.api("PATCH", job, {"spec": {"suspend": True}}, MERGE)
    sandbox.wait(job, lambda live: not live["status"].get("active"))
    assert prune.prune(connection, left, said.space) == ["Job/long"]


def test_kinds_that_may_not_be_listed_are_passed_over_and_what_may_not_be_deleted_is_said(
    sandbox: Sandbox, namespace: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
    sandbox.api("POST", f"{rights}/roles", {"metadata": {"name": "reader"}, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    binding = {"metadata": {"name": "reader"}, "subjects": [subject], "roleRef": role}
    sandbox.api("POST", f"{rights}/rolebindings", binding)
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    sandbox.wait(account, lambda _: True)
    token = sandbox.api("POST", f"{account}/token", {"spec": {}})["status"]["token"]
    monkeypatch.setenv("LIMITED_SERVER", sandbox.details["plain"])
    monkeypatch.setenv("LIMITED_TOKEN", token)
    cluster = Cluster("limited", "docker", server=Ref("LIMITED_SERVER"), token=Ref("LIMITED_TOKEN"))
    limited = connect(cluster, "one", sandbox.state)
    service = obj(namespace, "Service", "goes", spec={"selector": {"a": "b"}, "ports": [{"port": 80}]})
    apply(connection, [obj(namespace, "ConfigMap", "goes", data={"a": "b"}), service])
    said = Said()
    left = prune.leftovers(limited, namespace, "tiny", [], said.space.say)
    assert names(left) == ["ConfigMap/goes"] and not said, "nobody knows of the Service"
    was = [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "goes"}}]
    release_store.change(connection, namespace, "tiny", release(False, *was))
    assert names(prune.leftovers(limited, namespace, "tiny", [], said.space.say)) == ["ConfigMap/goes"]
    assert said == ["Service may not be listed: what of these is not in the templates any more stays"]
    said = Said()
    assert prune.prune(limited, left, said.space) == []
    assert said[0].startswith("ConfigMap/goes is not in the templates any more and stays: ")
    assert "may not do this (403) while deleting" in said[0]


def release(verified: bool, *found: Json) -> Callable[[dict[str, str]], None]:
    def work(data: dict[str, str]) -> None:
        data["objects-1"] = packing.pack(found)
        release_store.store(data, [{"id": "1", "verified": verified}])

    return work


def test_a_secret_stays_while_a_release_that_can_be_gone_back_to_needs_it(
    namespace: str, connection: Connection
) -> None:
    secret = obj(namespace, "Secret", "key", stringData={"a": "word"})
    apply(connection, [secret])
    left = prune.leftovers(connection, namespace, "tiny", [])
    said = Said()
    release_store.change(connection, namespace, "tiny", release(True, secret))
    assert prune.prune(connection, left, said.space) == []
    assert said == [
        "Secret/key is not in the templates any more and stays: a release that may be gone back to needs it"
    ]
    release_store.change(connection, namespace, "tiny", release(False, secret))
    assert prune.prune(connection, left, said.space) == ["Secret/key"]


def test_what_somebody_made_anew_in_the_meantime_stays(
    sandbox: Sandbox, namespace: str, connection: Connection
) -> None:
    goes = obj(namespace, "ConfigMap", "goes", data={"a": "b"})
    apply(connection, [goes])
    left = prune.leftovers(connection, namespace, "tiny", [])
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    sandbox.api("DELETE", f"{path}/goes")
    sandbox.api("POST", path, {"metadata": {"name": "goes"}, "data": {"mine": "now"}})
    said = Said()
    assert prune.prune(connection, left, said.space) == []
    assert said[0].startswith("ConfigMap/goes is not in the templates any more and stays: ")
    assert sandbox.api("GET", f"{path}/goes")["data"] == {"mine": "now"}
    sandbox.api("DELETE", f"{path}/goes")
    assert prune.prune(connection, left, said.space) == ["ConfigMap/goes"], "gone already is as good"


EXTRA = """
---
apiVersion: v1
kind: ConfigMap
metadata: { name: extra }
data: { a: b }
"""
FIXTURE = "apiVersion: v1\nkind: Secret\nmetadata: { name: fixture }\nstringData: { a: b }\n"


def test_a_deployment_takes_out_what_left_the_templates(platform: Platform, sandbox: Sandbox) -> None:
    folder = platform.folder / "tiny" / "deploy"
    (folder / "provision").mkdir()
    (folder / "provision" / "fixture.yaml").write_text(FIXTURE)
    template = platform.template()
    (folder / "app.yaml").write_text(template + EXTRA)
    assert platform.deploy().code == 0
    maps = f"/api/v1/namespaces/ns-{platform.one}/configmaps"
    assert "extra" in {each["metadata"]["name"] for each in sandbox.api("GET", maps)["items"]}
    (folder / "app.yaml").write_text(template)
    ended = platform.deploy()
    assert ended.code == 0, ended.output
    line = f"[{platform.one}] deleted ConfigMap/extra: it is not in the templates any more"
    assert ended.output.count("it is not in the templates any more") == 1 and line in ended.output
    assert platform.recorded()["stages"][0]["details"][platform.one]["pruned"] == ["ConfigMap/extra"]
    assert "extra" not in {each["metadata"]["name"] for each in sandbox.api("GET", maps)["items"]}
    secrets = sandbox.api("GET", f"/api/v1/namespaces/ns-{platform.one}/secrets")["items"]
    assert "fixture" in {each["metadata"]["name"] for each in secrets}
