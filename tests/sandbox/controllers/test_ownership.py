"""Garbage collection by ownerReferences, namespaces, volumes."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.base.client import ApiError, Object
from sandbox.controllers.machinery import objects
from tests.sandbox.controllers import real
from tests.sandbox.controllers.stage import SPACE, Stage, deployment, place, play, rolled_out

OTHER = f"{SPACE}-other"


def config_map(name: str, *owners: Object, space: str = SPACE) -> Object:
    references = [{k: v for k, v in objects.owner_reference(o).items() if k != "controller"} for o in owners]
    meta = {"name": name, "namespace": space, "ownerReferences": references}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {}}


def test_foreground_deletion_waits_for_what_blocks_it(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment())
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        stage.node.release.clear()
        await stage.client.delete(place("deployments", "web"), propagation="Foreground")
        await stage.until(lambda: stage.all("pods") and all(map(objects.deleting, stage.all("pods"))))
        assert objects.deleting(stage.get("deployments", "web"))
        assert objects.deleting(stage.all("replicasets")[0])
        stage.node.release.set()
        await stage.until(lambda: not stage.all("deployments"))
        assert not stage.all("pods") and not stage.all("replicasets")

    play(tmp_path, scene)


def test_orphaning_keeps_the_pods_and_a_new_owner_adopts_them(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment())
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        before = {p["metadata"]["uid"] for p in stage.all("pods")}
        await stage.client.delete(place("deployments", "web"), propagation="Orphan")
        await stage.until(
            lambda: not stage.all("deployments") and not objects.owners(stage.all("replicasets")[0])
        )
        await stage.create("deployments", deployment())
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        assert objects.controller_of(stage.all("replicasets")[0])
        assert {p["metadata"]["uid"] for p in stage.all("pods")} == before

    play(tmp_path, scene)


def test_with_two_owners_it_stays_until_the_second_is_gone(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        first, second = [await stage.create("configmaps", config_map(name)) for name in ("first", "second")]
        await stage.create("configmaps", config_map("child", first, second))
        await stage.client.delete(place("configmaps", "first"))
        await stage.until(lambda: len(objects.owners(stage.get("configmaps", "child"))) == 1)
        await stage.client.delete(place("configmaps", "second"))
        await stage.until(lambda: not stage.get("configmaps", "child"))

    play(tmp_path, scene)


def test_a_dependent_of_an_owner_that_never_was_is_collected(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        ghost = {
            **config_map("ghost"),
            "metadata": {"name": "ghost", "uid": "0b0e0c0d-0000-4000-8000-000000000000"},
        }
        created = await stage.create("configmaps", config_map("child", ghost))
        await stage.until(
            lambda: stage.caches["configmaps"].version >= int(created["metadata"]["resourceVersion"])
        )
        await stage.until(lambda: not stage.get("configmaps", "child"))

    play(tmp_path, scene)


def test_a_new_namespace_is_furnished_and_an_old_one_emptied(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OTHER}}
        await stage.create("namespaces", body)
        await stage.until(lambda: stage.get("serviceaccounts", "default", OTHER))
        certificate = await stage.until(lambda: stage.get("configmaps", "kube-root-ca.crt", OTHER))
        assert certificate["data"]["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")
        subject = deployment()
        subject["metadata"]["namespace"] = OTHER
        await stage.create("deployments", subject)
        await stage.until(lambda: len(stage.all("pods", OTHER)) == 2 and stage.get("namespaces", OTHER))
        stage.node.release.clear()
        await stage.client.delete(place("namespaces", OTHER))
        found = await stage.until(
            lambda: (
                (remaining := objects.condition(stage.get("namespaces", OTHER), "NamespaceContentRemaining"))
                and remaining["status"] == "True"
                and remaining
            )
        )
        assert "pods. has 2 resource instances" in found["message"]
        with pytest.raises(ApiError) as refusal:
            await stage.create("configmaps", config_map("late", space=OTHER))
        assert refusal.value.status == 403
        stage.node.release.set()
        await stage.until(lambda: not stage.get("namespaces", OTHER))
        assert not stage.all("pods", OTHER) and not stage.all("configmaps", OTHER)

    play(tmp_path, scene)


def test_a_claim_is_bound_to_a_volume_that_goes_with_it(tmp_path: Path) -> None:
    real.only_a_sandbox("needs something that provides volumes")

    async def scene(stage: Stage) -> None:
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        claim = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data"},
            "spec": spec,
        }
        await stage.create("persistentvolumeclaims", claim)
        bound = await stage.until(
            lambda: (
                (c := stage.get("persistentvolumeclaims", "data"))
                and c["status"].get("phase") == "Bound"
                and c
            )
        )
        assert bound["status"]["capacity"] == {"storage": "1Gi"}
        volume = await stage.until(lambda: stage.get("persistentvolumes", bound["spec"]["volumeName"]))
        assert volume["spec"]["hostPath"]["path"] == "/volumes/default/data"
        await stage.client.delete(place("persistentvolumeclaims", "data"))
        await stage.until(lambda: not stage.all("persistentvolumes"))

    play(tmp_path, scene)
