"""What becomes of a PersistentVolumeClaim that is not bound yet. Pure.

Upstream: pkg/controller/volume/persistentvolume, whose events' reasons and words these are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sandbox.base.client import Object
from sandbox.base.quantity import parse
from sandbox.controllers.machinery import objects

SELECTED_NODE = "volume.kubernetes.io/selected-node"
NO_PROVISIONER = "kubernetes.io/no-provisioner"


@dataclass(frozen=True)
class Plan:
    """Bind to the volume of that name, make one, or wait and say why (an event's type, reason, message)."""

    volume: str = ""
    provision: bool = False
    event: tuple[str, str, str] | None = None


def waits_for_consumer(claim: Object, classes: Mapping[str, Object]) -> bool:
    """Whether it is bound only once the scheduler has chosen a node for a pod that uses it."""
    found = classes.get(claim["spec"].get("storageClassName") or "")
    return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"


def plan(claim: Object, classes: Mapping[str, Object], volumes: Iterable[Object]) -> Plan:
    """What to do about an unbound claim. ``classes`` are the StorageClasses by name.

    A claim that names no class at all gets a directory of the sandbox's, as if there were a default class;
    one that says ``storageClassName: ""`` gets a volume that is there, or waits.
    """
    spec, volumes = claim["spec"], list(volumes)
    named = spec.get("volumeName")
    if named:
        found = any(volume["metadata"]["name"] == named for volume in volumes)
        return Plan(volume=named) if found else Plan()
    waiting = waits_for_consumer(claim, classes)
    if waiting and SELECTED_NODE not in objects.annotations_of(claim):
        text = "waiting for first consumer to be created before binding"
        return Plan(event=("Normal", "WaitForFirstConsumer", text))
    if fitting := matching(claim, volumes):
        return Plan(volume=fitting)
    wanted = spec.get("storageClassName")
    if wanted is None:
        return Plan(provision=True)
    if not wanted:
        text = "no persistent volumes available for this claim and no storage class is set"
        return Plan(event=("Normal", "FailedBinding", text))
    if wanted not in classes:
        text = f'storageclass.storage.k8s.io "{wanted}" not found'
        return Plan(event=("Warning", "ProvisioningFailed", text))
    if classes[wanted].get("provisioner") == NO_PROVISIONER:
        text = f"no volume plugin matched name: {NO_PROVISIONER}"
        return Plan(event=("Warning", "ProvisioningFailed", text))
    return Plan(provision=True)


def matching(claim: Object, volumes: Iterable[Object]) -> str:
    """The name of the volume to bind it to: one that is reserved for it, else the smallest that fits; ""."""
    meta, fitting = claim["metadata"], []
    for volume in volumes:
        reference = volume["spec"].get("claimRef")
        if objects.deleting(volume):
            continue
        if reference is not None:
            whose = (reference.get("namespace"), reference.get("name"))
            if whose == (meta["namespace"], meta["name"]) and reference.get("uid") in (None, "", meta["uid"]):
                return str(volume["metadata"]["name"])
        elif _fits(claim["spec"], volume):
            fitting.append((_capacity(volume), volume["metadata"]["name"]))
    return str(min(fitting)[1]) if fitting else ""


def _fits(spec: Object, volume: Object) -> bool:
    offered, asked = volume["spec"], (spec.get("resources") or {}).get("requests") or {}
    if (spec.get("storageClassName") or "") != (offered.get("storageClassName") or ""):
        return False
    if spec.get("volumeMode", "Filesystem") != offered.get("volumeMode", "Filesystem"):
        return False
    if not set(spec.get("accessModes") or []) <= set(offered.get("accessModes") or []):
        return False
    chosen = spec.get("selector") is None or objects.selects(spec["selector"], objects.labels_of(volume))
    return chosen and _capacity(volume) >= parse(asked.get("storage", 0))


def _capacity(volume: Object) -> float:
    return float(parse((volume["spec"].get("capacity") or {}).get("storage", 0)))


def phase(volume: Object, claim: Object | None) -> str:
    """A volume's phase; ``claim`` is the one of the name it is reserved for, if that is there."""
    reference = volume["spec"].get("claimRef")
    if reference is None or not reference.get("uid"):
        return "Available"
    mine = claim is not None and claim["metadata"]["uid"] == reference["uid"]
    return "Bound" if mine else "Released"
