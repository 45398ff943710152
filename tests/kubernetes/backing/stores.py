"""Bring them up in a namespace of the ring, and say where they are."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.kubernetes.asking import Object
from tests.kubernetes.cluster import Cluster

HERE = Path(__file__).parent


class Store(NamedTuple):
    """One of them: its script in the image, its port, and what shows that it is ready."""

    name: str
    script: str
    port: int
    ready: Object


STORES = (
    Store("postgres", "postgres.sh", 5432, {"tcpSocket": {"port": 5432}}),
    Store("objects", "objects.sh", 9000, {"exec": {"command": ["test", "-e", "/tmp/ready"]}}),
)


def image(cluster: Cluster) -> str:
    """Build their image and push it; its name, by digest. Raises CalledProcessError."""
    name = f"{cluster.registry}/ring-backing:1"
    subprocess.run(["docker", "build", "--quiet", "--tag", name, str(HERE)], check=True, timeout=900)
    ran = subprocess.run(["docker", "push", name], check=True, timeout=300, stdout=subprocess.PIPE, text=True)
    found = re.search(r"digest: (sha256:[0-9a-f]{64})", ran.stdout)
    assert found, ran.stdout
    return f"{name.rpartition(':')[0]}@{found[1]}"


def bring_up(
    cluster: Cluster, namespace: str, databases: Sequence[str], buckets: Sequence[str]
) -> dict[str, str]:
    """Their addresses by name (postgres, objects), as pods reach them, once they are ready."""
    ref = image(cluster)
    given = {"postgres": databases, "objects": buckets}
    for store in STORES:
        for obj in _objects(store, namespace, ref, given[store.name]):
            cluster.apply(obj)
    addresses = {}
    for store in STORES:
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{store.name}"
        cluster.wait(path, lambda found: found["status"].get("readyReplicas") == 1, 300)
        service = cluster.api.ask("GET", f"/api/v1/namespaces/{namespace}/services/{store.name}")
        addresses[store.name] = f"{service['spec']['clusterIP']}:{store.port}"
    return addresses


def _objects(store: Store, namespace: str, ref: str, words: Sequence[str]) -> tuple[Object, Object]:
    metadata = {"name": store.name, "namespace": namespace}
    labels = {"store": store.name}
    container = {
        "name": store.name,
        "image": ref,
        "command": ["sh", f"/{store.script}", *words],
        "ports": [{"containerPort": store.port}],
        "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}},
        "readinessProbe": {**store.ready, "periodSeconds": 1},
    }
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    service = {"selector": labels, "ports": [{"port": store.port, "protocol": "TCP"}]}
    return (
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service},
    )
