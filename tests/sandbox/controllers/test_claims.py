"""Claims wait for what a real cluster would let them wait for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.base.client import Object, path
from tests.sandbox.controllers import real
from tests.sandbox.controllers.stage import Stage, place, play
from tests.sandbox.controllers.test_traffic import pod

CLASSES = path("storage.k8s.io/v1", "storageclasses")
CLAIMS = "persistentvolumeclaims"


def claim(storage_class: str) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    spec |= {"storageClassName": storage_class}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec}


def volume(name: str, storage_class: str) -> Object:
    spec: Object = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
        "hostPath": {"path": "/x"},
    }
    spec |= {"storageClassName": storage_class}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}


async def storage_class(stage: Stage, name: str, provisioner: str, mode: str, **metadata: Any) -> None:
    made = {"provisioner": provisioner, "volumeBindingMode": mode, "metadata": {"name": name, **metadata}}
    await stage.client.create(CLASSES, made)


def phase(stage: Stage, plural: str, name: str) -> str:
    return str((stage.get(plural, name).get("status") or {}).get("phase", ""))


def said(stage: Stage, reason: str) -> str:
    return next((e["message"] for e in stage.all("events") if e["reason"] == reason), "")


def test_a_claim_without_provisioner_is_pending_until_there_is_a_volume(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await storage_class(stage, "local", "kubernetes.io/no-provisioner", "Immediate")
        await stage.create(CLAIMS, claim("local"))
        found = await stage.until(lambda: said(stage, "ProvisioningFailed"))
        assert found == "no volume plugin matched name: kubernetes.io/no-provisioner"
        assert phase(stage, CLAIMS, "data") == "Pending" and not stage.all("persistentvolumes")
        await stage.client.create(place("persistentvolumes"), volume("other", "another"))
        await stage.until(lambda: phase(stage, "persistentvolumes", "other") == "Available")
        assert phase(stage, CLAIMS, "data") == "Pending"
        await stage.client.create(place("persistentvolumes"), volume("mine", "local"))
        await stage.until(lambda: phase(stage, CLAIMS, "data") == "Bound")
        await stage.until(lambda: phase(stage, "persistentvolumes", "mine") == "Bound")
        assert stage.get(CLAIMS, "data")["spec"]["volumeName"] == "mine"
        await stage.client.delete(place(CLAIMS, "data"))
        await stage.until(lambda: phase(stage, "persistentvolumes", "mine") == "Released")

    play(tmp_path, scene)


def test_a_claim_that_waits_for_its_first_consumer_is_bound_with_the_pod(tmp_path: Path) -> None:
    real.only_a_sandbox("needs something that provides volumes")

    async def scene(stage: Stage) -> None:
        await storage_class(stage, "late", "example.com/disks", "WaitForFirstConsumer")
        await stage.create(CLAIMS, claim("late"))
        await stage.until(lambda: said(stage, "WaitForFirstConsumer"))
        assert phase(stage, CLAIMS, "data") == "Pending"
        mounted = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
        await stage.create("pods", pod("user", volumes=[mounted]))
        await stage.until(lambda: phase(stage, CLAIMS, "data") == "Bound")
        await stage.until(lambda: stage.get("pods", "user")["spec"].get("nodeName") == "sandbox")

    play(tmp_path, scene)


def test_a_pod_that_needs_a_local_volume_is_told_that_there_is_none(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await storage_class(stage, "local", "kubernetes.io/no-provisioner", "WaitForFirstConsumer")
        await stage.create(CLAIMS, claim("local"))
        mounted = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
        await stage.create("pods", pod("user", volumes=[mounted]))
        why = "1 node(s) didn't find available persistent volumes to bind"
        await stage.until(lambda: real.says(said(stage, "FailedScheduling"), why))
        await stage.client.create(place("persistentvolumes"), volume("mine", "local"))
        await stage.until(lambda: stage.get("pods", "user")["spec"].get("nodeName") == "sandbox")
        assert stage.get(CLAIMS, "data")["spec"]["volumeName"] == "mine"

    play(tmp_path, scene)


def test_the_default_class_is_taken_where_none_is_named(tmp_path: Path) -> None:
    real.only_a_sandbox("needs something that provides volumes")

    async def scene(stage: Stage) -> None:
        mark = {"storageclass.kubernetes.io/is-default-class": "true"}
        await storage_class(stage, "usual", "example.com/disks", "Immediate", annotations=mark)
        unnamed = claim("")
        del unnamed["spec"]["storageClassName"]
        await stage.create(CLAIMS, unnamed)
        await stage.until(lambda: phase(stage, CLAIMS, "data") == "Bound")
        assert stage.get(CLAIMS, "data")["spec"]["storageClassName"] == "usual"

    play(tmp_path, scene)
