"""A preflight of a few objects in a fresh namespace of the real API, which must change nothing there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from toolkit.cluster import preflight
from toolkit.cluster.api.connection import Connection, connect
from toolkit.cluster.preflight import Problem
from toolkit.settings.model import App, Cluster

from tests.sandbox.local import Sandbox, eventually

Object = dict[str, Any]
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
        assert state(self.sandbox, self.namespace) == before
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
    """What a write would change, by object: the resourceVersion where nobody else writes, else the
    generation, which status does not change. What controllers made of an object is left out."""
    found = {}
    for group, plurals in WATCHED.items():
        for plural in plurals:
            for each in sandbox.api("GET", f"/{group}/namespaces/{namespace}/{plural}")["items"]:
                metadata = each["metadata"]
                if not metadata.get("ownerReferences"):
                    version = metadata.get("generation") or metadata["resourceVersion"]
                    found[f"{plural}/{metadata['name']}"] = (metadata["uid"], version, metadata.get("labels"))
    return found
