"""Objects and questions that the tests of StatefulSets, DaemonSets and CronJobs share."""

from __future__ import annotations

import json
from typing import Any

from sandbox.base.client import Object
from sandbox.controllers.machinery import objects
from tests.sandbox.controllers.stage import SPACE, Stage, image_patch, place

HASH = "controller-revision-hash"


def stateful_set(name: str = "db", image: str = "good", replicas: int = 3, **spec: Any) -> Object:
    """A StatefulSet whose pods carry app=<name>."""
    return _selecting("StatefulSet", name, image, {"replicas": replicas, "serviceName": name} | spec)


def daemon_set(name: str = "agent", image: str = "good", **spec: Any) -> Object:
    """A DaemonSet whose pods carry app=<name>."""
    return _selecting("DaemonSet", name, image, spec)


def _selecting(kind: str, name: str, image: str, spec: Object) -> Object:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, **image_patch(image)["spec"]["template"]}
    base = {"selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": base | spec}


def status_of(stage: Stage, plural: str, name: str) -> Object:
    """The status that the watch has shown, {} before there is one."""
    return dict(stage.get(plural, name).get("status") or {})


def settled(stage: Stage, name: str = "db") -> bool:
    """Whether a StatefulSet is at its newest revision in every pod, as `kubectl rollout status` asks."""
    found, status = stage.get("statefulsets", name), status_of(stage, "statefulsets", name)
    if not found or status.get("observedGeneration", 0) < found["metadata"]["generation"]:
        return False
    size = found["spec"]["replicas"]
    counts = [status.get(n, 0) for n in ("updatedReplicas", "readyReplicas", "replicas")]
    return counts == [size] * 3 and status["currentRevision"] == status["updateRevision"]


def images(stage: Stage, **labels: str) -> dict[str, str]:
    """Image of each pod that is not going, by name."""
    return {
        pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"]
        for pod in stage.all("pods", **labels)
        if not objects.deleting(pod)
    }


def order(stage: Stage, reason: str) -> list[str]:
    """Names of the pods that events of that reason speak of, in the order they were written."""
    told = [e for e in stage.all("events") if e["reason"] == reason and " Pod " in f" {e['message']}"]
    told.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
    return [event["message"].split("Pod ")[1].split()[0] for event in told if "Claim" not in event["message"]]


async def make_node(stage: Stage, name: str, labels: dict[str, str] | None = None, **spec: Any) -> None:
    """One more node, ready, on which the pretended kubelet acts too."""
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels or {}}}
    await stage.client.create(place("nodes"), node | ({"spec": spec} if spec else {}))
    room = {"cpu": "8", "memory": "8Gi", "pods": "500"}
    status = {"allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]}
    await stage.client.merge(place("nodes", name, "status"), {"status": status})


async def evict(stage: Stage, name: str) -> None:
    """Evict a pod through the API."""
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": SPACE}}
    await stage.client.create(place("pods", name, "eviction"), json.loads(json.dumps(body)))
