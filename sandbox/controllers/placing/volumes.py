"""PersistentVolumeClaims: binds each to a directory, as a hostPath provisioner does."""

from __future__ import annotations

from sandbox.base.client import ApiError, Key, Object, path
from sandbox.controllers.machinery import objects
from sandbox.controllers.machinery.controller import Cluster, Controller


class VolumeController(Controller):
    """Claims without storage class, or with one that exists, are bound; modes and size are not enforced."""

    name = "persistentvolume-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.claims = cluster.informer("v1", "persistentvolumeclaims")
        self.volumes = cluster.informer("v1", "persistentvolumes")
        self.classes = cluster.informer("storage.k8s.io/v1", "storageclasses")
        self.claims.subscribe(self._claim_changed)
        self.classes.subscribe(self._class_changed)

    def _claim_changed(self, kind: str, new: Object, old: Object | None) -> None:
        del old
        if kind != "DELETED":
            self.queue.add((new["metadata"]["namespace"], new["metadata"]["name"]))
        elif new["spec"].get("volumeName"):
            self.queue.add(("", new["spec"]["volumeName"]))

    def _class_changed(self, kind: str, new: Object, old: Object | None) -> None:
        del kind, new, old
        for key in self.claims.items:
            self.queue.add(key)

    async def reconcile(self, key: Key) -> float | None:
        """Bind a claim, or (a key without namespace) remove the volume of one that is gone."""
        if not key[0]:
            await self._remove(key[1])
            return None
        claim = self.claims.items.get(key)
        if claim is None or objects.deleting(claim) or (claim.get("status") or {}).get("phase") == "Bound":
            return None
        storage_class = claim["spec"].get("storageClassName")
        if storage_class and ("", storage_class) not in self.classes.items:
            text = f'storageclass.storage.k8s.io "{storage_class}" not found'
            self.recorder.record(claim, "Warning", "ProvisioningFailed", text)
            return None
        name = claim["spec"].get("volumeName") or f"pvc-{claim['metadata']['uid']}"
        if ("", name) not in self.volumes.items:
            await self._create(volume_for(claim, name))
        if not claim["spec"].get("volumeName"):
            patch = {"metadata": {"uid": claim["metadata"]["uid"]}, "spec": {"volumeName": name}}
            claim = await self.client.merge(path("v1", "persistentvolumeclaims", *key), patch)
        requests = (claim["spec"].get("resources") or {}).get("requests") or {}
        modes = claim["spec"].get("accessModes") or []
        status = {**(claim.get("status") or {}), "phase": "Bound", "accessModes": modes, "capacity": requests}
        await self.client.replace(
            path("v1", "persistentvolumeclaims", *key, "status"), {**claim, "status": status}
        )
        return None

    async def _create(self, volume: Object) -> None:
        try:
            created = await self.client.create(path("v1", "persistentvolumes"), volume)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                return
            raise
        place = path("v1", "persistentvolumes", None, volume["metadata"]["name"], "status")
        await self.client.replace(place, {**created, "status": {"phase": "Bound"}})

    async def _remove(self, name: str) -> None:
        volume = self.volumes.items.get(("", name))
        if volume is None or volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete":
            return
        try:
            await self.client.delete(
                path("v1", "persistentvolumes", None, name), uid=volume["metadata"]["uid"]
            )
        except ApiError as error:
            if error.status not in (404, 409):
                raise


def volume_for(claim: Object, name: str) -> Object:
    """The volume behind a claim; its path is below the sandbox's state, not the host's root."""
    meta, spec = claim["metadata"], claim["spec"]
    reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    reference |= {"namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}
    named = {"storageClassName": spec["storageClassName"]} if spec.get("storageClassName") else {}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {
                "storage": ((spec.get("resources") or {}).get("requests") or {}).get("storage", "1Gi")
            },
            "accessModes": spec.get("accessModes") or ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Delete",
            "hostPath": {"path": f"/volumes/{meta['namespace']}/{meta['name']}"},
            "claimRef": reference,
            **named,
        },
    }
