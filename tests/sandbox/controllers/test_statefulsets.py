"""StatefulSets come, change and go in their order."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sandbox.controllers.machinery import objects
from tests.sandbox.controllers import real
from tests.sandbox.controllers.stage import Stage, image_patch, place, play
from tests.sandbox.controllers.workloads import (
    HASH,
    evict,
    images,
    order,
    settled,
    stateful_set,
    status_of,
)

SETS = "statefulsets"
CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


def test_pods_have_names_storage_and_an_order(tmp_path: Path) -> None:
    real.only_a_sandbox("needs something that provides volumes")

    async def scene(stage: Stage) -> None:
        wanted = stateful_set(volumeClaimTemplates=[CLAIM])
        container = wanted["spec"]["template"]["spec"]["containers"][0]
        container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
        await stage.create(SETS, wanted)
        await stage.until(lambda: settled(stage))
        assert order(stage, "SuccessfulCreate") == ["db-0", "db-1", "db-2"]
        pod, status = stage.get("pods", "db-1"), status_of(stage, SETS, "db")
        assert objects.labels_of(pod) == {
            "app": "db",
            "statefulset.kubernetes.io/pod-name": "db-1",
            "apps.kubernetes.io/pod-index": "1",
            HASH: status["currentRevision"],
        }
        assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-1", "db")
        mounted = [v["persistentVolumeClaim"] for v in pod["spec"]["volumes"] if "persistentVolumeClaim" in v]
        assert mounted == [{"claimName": "data-db-1"}]
        assert {n: status[n] for n in ("replicas", "readyReplicas", "availableReplicas")} == {
            "replicas": 3,
            "readyReplicas": 3,
            "availableReplicas": 3,
        }
        await stage.patch(SETS, "db", {"spec": {"replicas": 1}})
        await stage.until(lambda: settled(stage) and len(stage.all("pods")) == 1)
        assert order(stage, "SuccessfulDelete") == ["db-2", "db-1"]
        kept = {claim["metadata"]["name"] for claim in stage.all("persistentvolumeclaims")}
        assert kept == {"data-db-0", "data-db-1", "data-db-2"}

    play(tmp_path, scene)


def test_one_that_is_not_ready_holds_up_the_next(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(SETS, stateful_set(image="sick"))
        await stage.until(lambda: status_of(stage, SETS, "db").get("replicas") == 1)
        await stage.until(lambda: stage.get("pods", "db-0")["status"].get("phase") == "Running")
        await stage.caught_up()
        assert list(images(stage)) == ["db-0"]
        assert status_of(stage, SETS, "db").get("readyReplicas", 0) == 0

    play(tmp_path, scene)


def test_parallel_ones_do_not_wait(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(SETS, stateful_set(image="sick", podManagementPolicy="Parallel"))
        await stage.until(lambda: status_of(stage, SETS, "db").get("replicas") == 3)
        await stage.patch(SETS, "db", {"spec": {"replicas": 0}})
        await stage.until(lambda: not stage.all("pods"))

    play(tmp_path, scene)


def test_an_update_goes_downwards_and_stops_at_its_partition(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
        await stage.create(SETS, stateful_set(updateStrategy=strategy))
        await stage.until(lambda: settled(stage))
        first = status_of(stage, SETS, "db")["currentRevision"]
        await stage.patch(SETS, "db", image_patch("good:2"))
        await stage.until(
            lambda: (
                status_of(stage, SETS, "db").get("updatedReplicas") == 1
                and status_of(stage, SETS, "db").get("readyReplicas") == 3
            )
        )
        assert images(stage) == {"db-0": "good", "db-1": "good", "db-2": "good:2"}
        status = status_of(stage, SETS, "db")
        assert status["currentRevision"] == first != status["updateRevision"]
        assert (status["currentReplicas"], status["updatedReplicas"]) == (2, 1)
        await stage.client.delete(place("pods", "db-0"))  # below the partition: it comes back as it was
        await stage.until(
            lambda: not stage.get("pods", "db-0") or objects.deleting(stage.get("pods", "db-0"))
        )
        await stage.until(lambda: status_of(stage, SETS, "db").get("readyReplicas") == 3)
        assert images(stage)["db-0"] == "good"
        await stage.patch(SETS, "db", {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}})
        await stage.until(lambda: settled(stage))
        assert set(images(stage).values()) == {"good:2"}
        assert order(stage, "SuccessfulDelete") == ["db-2", "db-1", "db-0"]
        revisions = sorted(one["revision"] for one in stage.all("controllerrevisions"))
        assert revisions == [1, 2]

    play(tmp_path, scene)


def test_a_bad_update_stops_at_the_first_pod(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(SETS, stateful_set())
        await stage.until(lambda: settled(stage))
        await stage.patch(SETS, "db", image_patch("sick"))
        await stage.until(lambda: images(stage).get("db-2") == "sick")
        await stage.until(lambda: status_of(stage, SETS, "db").get("updatedReplicas") == 1)
        await stage.caught_up()
        assert images(stage) == {"db-0": "good", "db-1": "good", "db-2": "sick"}
        assert status_of(stage, SETS, "db")["readyReplicas"] == 2

    play(tmp_path, scene)


def test_on_delete_waits_for_somebody_to_delete(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(SETS, stateful_set(replicas=2, updateStrategy={"type": "OnDelete"}))
        await stage.until(lambda: status_of(stage, SETS, "db").get("readyReplicas") == 2)
        await stage.patch(SETS, "db", image_patch("good:2"))
        await stage.until(
            lambda: (
                (status := status_of(stage, SETS, "db"))
                and status["updateRevision"] != status["currentRevision"]
            )
        )
        assert set(images(stage).values()) == {"good"}
        await stage.client.delete(place("pods", "db-1"))
        await stage.until(lambda: images(stage).get("db-1") == "good:2")
        await stage.until(lambda: status_of(stage, SETS, "db").get("readyReplicas") == 2)
        assert images(stage)["db-0"] == "good"

    play(tmp_path, scene)


@pytest.mark.parametrize("how", ["delete", "evict"])
def test_a_pod_that_is_taken_away_comes_back_with_its_name_and_claim(tmp_path: Path, how: str) -> None:
    real.only_a_sandbox("needs something that provides volumes")

    async def scene(stage: Stage) -> None:
        await stage.create(SETS, stateful_set(volumeClaimTemplates=[CLAIM]))
        await stage.until(lambda: settled(stage))
        before = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in stage.all("pods")}
        if how == "evict":
            await evict(stage, "db-1")
        else:
            await stage.client.delete(place("pods", "db-1"))
        await stage.until(
            lambda: (
                (p := stage.get("pods", "db-1")) and p["metadata"]["uid"] != before["db-1"] and settled(stage)
            )
        )
        after = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in stage.all("pods")}
        assert (after["db-0"], after["db-2"]) == (before["db-0"], before["db-2"])
        assert len(stage.all("persistentvolumeclaims")) == 3

    play(tmp_path, scene)


def test_a_failed_pod_is_replaced(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(SETS, stateful_set(replicas=1))
        await stage.until(lambda: settled(stage))
        uid = stage.get("pods", "db-0")["metadata"]["uid"]
        gone = {"status": {"phase": "Failed", "reason": "Evicted"}}
        await stage.client.merge(place("pods", "db-0", "status"), gone)
        await stage.until(
            lambda: (p := stage.get("pods", "db-0")) and p["metadata"]["uid"] != uid and settled(stage)
        )

    play(tmp_path, scene)


def test_min_ready_seconds_hold_up_availability(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(SETS, stateful_set(replicas=2, minReadySeconds=2))
        await stage.until(lambda: status_of(stage, SETS, "db").get("readyReplicas") == 1)
        assert status_of(stage, SETS, "db")["availableReplicas"] == 0
        assert list(images(stage)) == ["db-0"]
        await stage.until(lambda: status_of(stage, SETS, "db").get("availableReplicas") == 2)

    play(tmp_path, scene)


def test_the_api_restarts_in_mid_rollout(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(SETS, stateful_set(replicas=4))
        await stage.until(lambda: settled(stage))
        await stage.patch(SETS, "db", image_patch("good:2"))
        await stage.until(lambda: images(stage).get("db-3") == "good:2")
        await stage.restart_api()
        await stage.until(lambda: settled(stage), 60)
        assert set(images(stage).values()) == {"good:2"}
        made = [one["revision"] for one in stage.all("controllerrevisions")]
        assert sorted(made) == [1, 2], "no revision is made twice"

    play(tmp_path, scene)


def test_history_is_cut_and_an_old_template_becomes_the_newest(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(SETS, stateful_set(replicas=1, revisionHistoryLimit=1))
        for tag in ("1", "2", "3", "1"):
            await stage.until(lambda: settled(stage))
            await stage.patch(SETS, "db", image_patch(f"good:{tag}"))
        await stage.until(lambda: settled(stage) and len(stage.all("controllerrevisions")) == 2)
        newest = max(stage.all("controllerrevisions"), key=lambda one: one["revision"])
        assert newest["metadata"]["name"] == status_of(stage, SETS, "db")["currentRevision"]
        await stage.client.delete(place(SETS, "db"), propagation="Foreground")
        await stage.until(lambda: not stage.all(SETS) and not stage.all("pods"))
        await stage.until(lambda: not stage.all("controllerrevisions"))

    play(tmp_path, scene)


def test_a_quota_is_told_and_then_tried_again(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}}
        await stage.create("resourcequotas", quota | {"spec": {"hard": {"pods": "1"}}})
        await stage.create(SETS, stateful_set(replicas=2))
        why = await stage.until(
            lambda: next((e["message"] for e in stage.all("events") if e["reason"] == "FailedCreate"), "")
        )
        assert why.startswith("create Pod db-1 in StatefulSet db failed error: ") and "exceeded quota" in why
        assert status_of(stage, SETS, "db")["replicas"] == 1
        await stage.client.delete(place("resourcequotas", "q"))
        await stage.until(lambda: settled(stage))

    play(tmp_path, scene)


def test_two_sets_that_select_the_same_do_not_fight(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        other = stateful_set()
        other["metadata"] = {"name": "other"}
        await asyncio.gather(stage.create(SETS, stateful_set()), stage.create(SETS, other))
        await stage.until(lambda: settled(stage) and settled(stage, "other"))
        owners = {
            pod["metadata"]["name"]: (objects.controller_of(pod) or {})["name"] for pod in stage.all("pods")
        }
        assert owners == {f"{name}-{n}": name for name in ("db", "other") for n in range(3)}

    play(tmp_path, scene)
