"""Objects as templates would make them, and a connection to apply them with."""

from __future__ import annotations

from typing import Any

from toolkit.cluster.api.connection import Connection, connect
from toolkit.settings.model import Cluster

from tests.sandbox.local import Sandbox

Json = dict[str, Any]
MERGE = "application/merge-patch+json"


def connected(sandbox: Sandbox) -> Connection:
    """A connection of the toolkit to the sandbox."""
    cluster = Cluster("sandbox", "sandbox", kubeconfig=sandbox.state / "kubeconfig")
    return connect(cluster, "one", sandbox.state)


def config(namespace: str, name: str, **data: str) -> Json:
    labels = {"appGroup": "fb-tiny"}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def workload(kind: str, namespace: str, *, replicas: int = 1) -> Json:
    """A workload that its controller leaves alone: a paused Deployment, or a StatefulSet of no pods if none
    are asked for."""
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "app", "image": "x"}]}}
    spec: Json = {"replicas": replicas, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    spec |= {"paused": True} if kind == "Deployment" else {"serviceName": "app"}
    metadata = {"name": "app", "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def path_of(kind: str, namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/{kind.lower()}s/app"


def settled(sandbox: Sandbox, kind: str, namespace: str) -> Json:
    """The workload, once its controller has written all that it will write of it as it is now."""

    def quiet(live: Json) -> bool:
        status = live.get("status") or {}
        if status.get("observedGeneration") != live["metadata"]["generation"]:
            return False
        if kind == "StatefulSet":
            return bool(status["currentRevision"] == status["updateRevision"])
        return any(each["reason"] == "DeploymentPaused" for each in status.get("conditions") or ())

    return sandbox.wait(path_of(kind, namespace), quiet)
