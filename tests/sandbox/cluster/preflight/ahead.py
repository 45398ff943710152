"""A preflight of a few objects in a fresh namespace of the real API, which must change nothing there."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from toolkit.cluster import preflight
from toolkit.cluster.api.connection import Connection, connect
from toolkit.cluster.preflight import Problem
from toolkit.settings.model import App, Cluster

from tests.sandbox.local import Sandbox, eventually

Object = dict[str, Any]
CONTROLLERS = ("kube-controller-manager", "sandbox")  # what managedFields call its controllers and its node
LABELS = {"appGroup": "fb-tiny", "app.kubernetes.io/managed-by": "form-builder-pipeline"}
WATCHED = {
    "api/v1": ("pods", "services", "configmaps", "secrets", "serviceaccounts", "persistentvolumeclaims"),
    "apis/apps/v1": ("deployments", "statefulsets"),
    "apis/batch/v1": ("jobs", "cronjobs"),
    "apis/coordination.k8s.io/v1": ("leases",),
}


def no_image_missing(_: Iterable[str]) -> Mapping[str, str]:
    return {}


class Ahead:
    """A preflight of some objects in the test's namespace; the objects are made with `obj`."""

    def __init__(self, sandbox: Sandbox, namespace: str, root: Path) -> None:
        self.sandbox = sandbox
        self.namespace = namespace
        self.cluster = Cluster("sandbox", "sandbox", kubeconfig=sandbox.state / "kubeconfig")
        self.app = App("tiny", "Tiny", 1, root, namespace, "fb-tiny")
        self.connection: Connection = connect(self.cluster, "test", root, namespace=namespace)
        self.said: list[str] = []
        furnished(sandbox, namespace)

    def check(self, *found: Object, **options: Any) -> list[Problem]:
        before = state(self.sandbox, self.namespace)
        options = {"images": no_image_missing, "say": self.said.append, **options}
        problems = preflight.check(self.connection, self.app, self.namespace, found, **options)
        after = state(self.sandbox, self.namespace)
        changed = [name for name in before | after if before.get(name) != after.get(name)]
        assert not changed, [(before.get(name), after.get(name)) for name in changed]
        return problems

    def lines(self, *found: Object, **options: Any) -> list[str]:
        return [problem.line for problem in self.check(*found, **options)]

    def obj(self, kind: str, name: str, api_version: str = "v1", **fields: Any) -> Object:
        metadata = {"name": name, "namespace": self.namespace, "labels": dict(LABELS)}
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}

    def deployment(self, name: str = "web", container: Object | None = None, **pod: Any) -> Object:
        replicas = pod.pop("replicas", 1)
        container = {"name": "app", "image": "sandbox/none:v1", **(container or {})}
        labels = {"app": name, **LABELS}
        spec = {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container], **pod}},
        }
        return self.obj("Deployment", name, "apps/v1", spec=spec)

    def apply(self, *found: Object) -> None:
        for obj in found:
            self.connection.apply(self.connection.path_of(obj), obj)

    def post(self, plural: str, name: str, group: str = "api/v1", **fields: Any) -> Object:
        """Create an object as somebody else would."""
        path = f"/{group}/namespaces/{self.namespace}/{plural}"
        return self.sandbox.api(
            "POST", path, {"metadata": {"name": name, **fields.pop("metadata", {})}, **fields}
        )


def furnished(sandbox: Sandbox, namespace: str) -> None:
    """Wait until a new namespace has what the cluster gives to each."""
    eventually(
        lambda: {"serviceaccounts/default", "configmaps/kube-root-ca.crt"} <= set(state(sandbox, namespace))
    )


def state(sandbox: Sandbox, namespace: str) -> dict[str, Any]:
    """What somebody wants of each object, and who: all but what controllers write, into it and beside it,
    whenever they come to it."""
    found = {}
    for group, plurals in WATCHED.items():
        for plural in plurals:
            for each in sandbox.api("GET", f"/{group}/namespaces/{namespace}/{plural}")["items"]:
                if not each["metadata"].get("ownerReferences"):
                    found[f"{plural}/{each['metadata']['name']}"] = wanted(each)
    return found


def wanted(obj: Object) -> Object:
    """The object without its version, its status, and the fields of the cluster's own parts."""
    kept = copy.deepcopy(obj)
    kept.pop("status", None)
    del kept["metadata"]["resourceVersion"]
    managed = kept["metadata"].pop("managedFields", [])
    for entry in managed:
        if entry["manager"] in CONTROLLERS:
            without(kept, entry["fieldsV1"])
    return {**kept, "managers": [entry for entry in managed if entry["manager"] not in CONTROLLERS]}


def without(obj: Object, fields: Object) -> None:
    """Take these fields out, and what is empty without them."""
    for name, below in fields.items():
        key, value = name.removeprefix("f:"), obj.get(name.removeprefix("f:"))
        if name.startswith("f:") and isinstance(value, dict):
            without(value, below)
        if name.startswith("f:") and (not below or not value):
            obj.pop(key, None)
