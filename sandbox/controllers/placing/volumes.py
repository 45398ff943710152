"""PersistentVolumeClaims: binds each to a volume that is there, or to a directory, as a hostPath provisioner
does. Modes and size are not enforced."""

from __future__ import annotations

from sandbox.base.client import ApiError, Key, Object, path
from sandbox.controllers.machinery import objects
from sandbox.controllers.machinery.controller import Cluster, Controller
from sandbox.controllers.placing import binding


class VolumeController(Controller):
    """Binds claims to volumes that are there or that it makes; gives back those whose claims are gone."""

    name = "persistentvolume-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.claims = cluster.informer("v1", "persistentvolumeclaims")
        self.volumes = cluster.informer("v1", "persistentvolumes")
        self.classes = cluster.informer("storage.k8s.io/v1", "storageclasses")
        self.claims.subscribe(self._claim_changed)
        self.volumes.subscribe(self._volume_changed)
        self.classes.subscribe(self._all_unbound)

    def _claim_changed(self, kind: str, new: Object, old: Object | None) -> None:
        del old
        if kind != "DELETED":
            self.queue.add((new["metadata"]["namespace"], new["metadata"]["name"]))
        elif new["spec"].get("volumeName"):
            self.queue.add(("", new["spec"]["volumeName"]))

    def _volume_changed(self, kind: str, new: Object, old: Object | None) -> None:
        self.enqueue(kind, new, old)
        if old is None or not new["spec"].get("claimRef"):
            self._all_unbound(kind, new, old)

    def _all_unbound(self, kind: str, new: Object, old: Object | None) -> None:
        del kind, new, old
        for key, claim in self.claims.items.items():
            if not _bound(claim):
                self.queue.add(key)

    async def reconcile(self, key: Key) -> float | None:
        """Bind a claim, or (a key without namespace) see to a volume."""
        if not key[0]:
            await self._see_to(key[1])
            return None
        claim = self.claims.items.get(key)
        if claim is None or objects.deleting(claim) or _bound(claim):
            return None
        classes = {name: found for (_, name), found in self.classes.items.items()}
        chosen = binding.plan(claim, classes, self.volumes.items.values())
        if chosen.event:
            self.recorder.record(claim, *chosen.event)
        if chosen.volume:
            await self._reserve(self.volumes.items[("", chosen.volume)], claim)
            await self._bind(claim, chosen.volume)
        elif chosen.provision:
            name = f"pvc-{claim['metadata']['uid']}"
            await self._create(volume_for(claim, name))
            await self._bind(claim, name)
        return None

    async def _reserve(self, volume: Object, claim: Object) -> None:
        """Write the claim into the volume, unless it is there; a conflict is somebody else who was faster."""
        if (volume["spec"].get("claimRef") or {}).get("uid") == claim["metadata"]["uid"]:
            return
        place = path("v1", "persistentvolumes", None, volume["metadata"]["name"])
        await self.client.replace(
            place, {**volume, "spec": {**volume["spec"], "claimRef": reference_to(claim)}}
        )

    async def _bind(self, claim: Object, name: str) -> None:
        key = (claim["metadata"]["namespace"], claim["metadata"]["name"])
        if not claim["spec"].get("volumeName"):
            patch = {"metadata": {"uid": claim["metadata"]["uid"]}, "spec": {"volumeName": name}}
            claim = await self.client.merge(path("v1", "persistentvolumeclaims", *key), patch)
        requests = (claim["spec"].get("resources") or {}).get("requests") or {}
        modes = claim["spec"].get("accessModes") or []
        status = {**(claim.get("status") or {}), "phase": "Bound", "accessModes": modes, "capacity": requests}
        await self.client.replace(
            path("v1", "persistentvolumeclaims", *key, "status"), {**claim, "status": status}
        )

    async def _create(self, volume: Object) -> None:
        try:
            created = await self.client.create(path("v1", "persistentvolumes"), volume)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                return
            raise
        place = path("v1", "persistentvolumes", None, volume["metadata"]["name"], "status")
        await self.client.replace(place, {**created, "status": {"phase": "Bound"}})

    async def _see_to(self, name: str) -> None:
        """Say what phase a volume is in; one that was made for a claim that is gone goes too."""
        volume = self.volumes.items.get(("", name))
        if volume is None or objects.deleting(volume):
            return
        phase = binding.phase(volume, await self._claim_of(volume))
        place = path("v1", "persistentvolumes", None, name)
        try:
            if phase == "Released" and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
                await self.client.delete(place, uid=volume["metadata"]["uid"])
            elif phase != (volume.get("status") or {}).get("phase"):
                status = {**(volume.get("status") or {}), "phase": phase}
                await self.client.replace(f"{place}/status", {**volume, "status": status})
        except ApiError as error:
            if error.status != 404:
                raise

    async def _claim_of(self, volume: Object) -> Object | None:
        """The claim that a volume is reserved for; from the API itself, should the cache not know it yet."""
        reference = volume["spec"].get("claimRef") or {}
        key = (reference.get("namespace", ""), reference.get("name", ""))
        known = self.claims.items.get(key)
        if known is not None or not all(key):
            return known
        try:
            return await self.client.get(path("v1", "persistentvolumeclaims", *key))
        except ApiError as error:
            if error.status == 404:
                return None
            raise


def _bound(claim: Object) -> bool:
    return (claim.get("status") or {}).get("phase") == "Bound"


def reference_to(claim: Object) -> Object:
    """What a volume says about the claim it is bound to."""
    meta = claim["metadata"]
    reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": meta["namespace"]}
    return reference | {"name": meta["name"], "uid": meta["uid"]}


def volume_for(claim: Object, name: str) -> Object:
    """The volume behind a claim; its path is below the sandbox's state, not the host's root."""
    meta, spec = claim["metadata"], claim["spec"]
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
            "claimRef": reference_to(claim),
            **named,
        },
    }
