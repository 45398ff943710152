"""Rollouts that fail: what is wrong with manifests or namespace, and the cause that is the right one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.kubernetes.cluster import Cluster

Json = dict[str, Any]

JOB = """---
apiVersion: batch/v1
kind: Job
metadata: { name: "migrate-{{ version }}" }
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: migrate, image: "{{ images.app }}", command: [sh, -c, "exit 5"] }]
"""
ABSENT = "sha256:" + "0" * 64
SCARCE = "bench.example.com/licence"
"""Something that no other pod asks for: the quota is on nothing else."""


class Broken(NamedTuple):
    """``env``, ``container``, ``pod`` and ``more`` go into the templates, ``before`` and ``labels`` to the
    namespace. ``waits`` says why only waiting can tell, where it is so."""

    cause: str
    env: Mapping[str, str] = {}
    image: str = "{{ images.app }}"
    env_from: str = ""
    container: str = ""
    pod: str = ""
    more: str = ""
    before: tuple[Json, ...] = ()
    labels: Mapping[str, str] = {}
    progress: int = 0
    """Seconds of progressDeadlineSeconds; 0: the API's default of 600."""
    waits: str = ""


BROKEN: dict[str, Broken] = {
    "crash-loop": Broken("crash loop", env={"EXIT_CODE": "3"}),
    "config-map-key": Broken(
        "missing configuration",
        env_from="{ name: WORD, valueFrom: { configMapKeyRef: { name: settings, key: absent } } }",
        before=(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}},
        ),
    ),
    "secret": Broken(
        "missing configuration",
        pod="volumes: [{ name: keys, secret: { secretName: absent } }]",
        container="volumeMounts: [{ name: keys, mountPath: /keys }]",
        waits="the least Role may not read Secrets, so 20 s are given for this one to be made",
    ),
    "image": Broken("image does not exist", image=f'{{{{ images.app.partition("@")[0] }}}}@{ABSENT}'),
    "command": Broken("command cannot run", container="command: [no-such-program]"),
    "init-container": Broken(
        "crash loop",
        pod='initContainers: [{ name: prepare, image: "{{ images.app }}", command: [sh, -c, "exit 1"] }]',
    ),
    "out-of-memory": Broken(
        "out of memory", env={"ALLOCATE": "128"}, container="resources: { limits: { memory: 64Mi } }"
    ),
    "quota": Broken(
        "quota",
        container=f"resources: {{ limits: {{ {SCARCE}: 2 }} }}",
        before=(
            {
                "apiVersion": "v1",
                "kind": "ResourceQuota",
                "metadata": {"name": "scarce"},
                "spec": {"hard": {f"requests.{SCARCE}": "1"}},
            },
        ),
    ),
    "admission": Broken(
        "admission",
        container="securityContext: { privileged: true }",
        labels={"pod-security.kubernetes.io/enforce": "baseline"},
    ),
    "service-account": Broken("missing service account", pod="serviceAccountName: absent"),
    "migration": Broken("job failed", more=JOB),
    "unschedulable": Broken(
        "unschedulable",
        pod="nodeSelector: { disk: none-has-this }",
        waits="an autoscaler may be about to add such a node: 45 s are given to one to say so",
    ),
    "readiness": Broken(
        "readiness never passes",
        env={"UNREADY_SECONDS": "0-9999"},
        progress=60,
        waits="a slow start looks the same: it is given its progressDeadlineSeconds, 60 here",
    ),
}


def prepare(cluster: Cluster, namespace: str, broken: Broken) -> None:
    """Make in a namespace what the failure needs."""
    for obj in broken.before:
        cluster.apply({**obj, "metadata": {**obj["metadata"], "namespace": namespace}})
    if broken.labels:
        body = {"metadata": {"labels": dict(broken.labels)}}
        path = f"/api/v1/namespaces/{namespace}"
        cluster.api.ask("PATCH", path, body, kind="application/merge-patch+json")
    for obj in broken.before:
        if obj["kind"] == "ResourceQuota":
            path = f"/api/v1/namespaces/{namespace}/resourcequotas/{obj['metadata']['name']}"
            cluster.wait(path, lambda quota: quota.get("status", {}).get("used"))
