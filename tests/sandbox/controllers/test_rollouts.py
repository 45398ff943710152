"""Rollouts on a real API: forward, stuck, back, scaled, paused, refused."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from sandbox.base.client import Object
from sandbox.controllers.machinery import objects, pods
from sandbox.controllers.workloads import revisions
from tests.sandbox.controllers.stage import (
    SPACE,
    Stage,
    deployment,
    image_patch,
    place,
    play,
    reason,
    rolled_out,
)


def test_a_new_deployment_becomes_available_and_says_so(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment(replicas=3))
        found = await stage.until(lambda: (d := stage.get("deployments", "web")) and rolled_out(d) and d)
        assert (reason(found), reason(found, "Available")) == (
            "NewReplicaSetAvailable",
            "MinimumReplicasAvailable",
        )
        [owned] = stage.all("replicasets")
        assert owned["metadata"]["name"].startswith("web-")
        mark = objects.labels_of(owned)["pod-template-hash"]
        assert owned["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": mark}
        for each in (found, owned):
            assert objects.annotations_of(each)[revisions.REVISION] == "1"
        assert len(stage.all("pods", **{"pod-template-hash": mark})) == 3
        said = await stage.until(
            lambda: [e for e in stage.all("events") if e["reason"] == "ScalingReplicaSet"]
        )
        assert said[0]["message"] == f"Scaled up replica set {owned['metadata']['name']} from 0 to 3"

    play(tmp_path, scene)


def test_an_update_keeps_enough_serving_and_never_has_too_many(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
        await stage.create("deployments", deployment(replicas=4, strategy=rolling))
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        seen: list[tuple[int, int]] = []

        def look(*_: object) -> None:
            running = [p for p in stage.all("pods") if pods.active(p)]
            seen.append((len(running), sum(map(pods.ready, running))))

        stage.caches["pods"].subscribe(look)
        await stage.patch("deployments", "web", image_patch("good:2"))
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        assert max(count for count, _ in seen) <= 5
        assert min(serving for _, serving in seen) >= 3
        sizes = {revisions.revision(s): s["spec"]["replicas"] for s in stage.all("replicasets")}
        assert sizes == {1: 0, 2: 4}

    play(tmp_path, scene)


def test_a_stuck_rollout_is_reported_keeps_the_old_and_can_be_rolled_back(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        rolling = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
        await stage.create("deployments", deployment(strategy=rolling, progressDeadlineSeconds=2))
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        first = stage.all("replicasets")[0]["metadata"]["name"]
        await stage.patch("deployments", "web", image_patch("sick"))
        await stage.until(lambda: reason(stage.get("deployments", "web")) == "ProgressDeadlineExceeded")
        stuck = stage.get("deployments", "web")
        assert stuck["status"]["updatedReplicas"] == 1
        assert sum(map(pods.ready, stage.all("pods"))) == 2
        await stage.patch("deployments", "web", image_patch("good"))
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        back = await stage.until(
            lambda: (
                revisions.revision(stage.get("replicasets", first)) == 3 and stage.get("replicasets", first)
            )
        )
        assert objects.annotations_of(back)[revisions.HISTORY] == "1"
        assert revisions.revision(stage.get("deployments", "web")) == 3
        await stage.until(lambda: reason(stage.get("deployments", "web")) == "NewReplicaSetAvailable")
        assert len(stage.all("replicasets")) == 2

    play(tmp_path, scene)


def _has_pods(stage: Stage, count: int) -> bool:
    return len(stage.all("pods")) == count


def test_scaling_up_and_down(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment(replicas=1))
        for size in (5, 2, 0, 1):
            await stage.patch("deployments", "web", {"spec": {"replicas": size}})
            await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
            await stage.until(partial(_has_pods, stage, size))
        assert len(stage.all("replicasets")) == 1
        assert reason(stage.get("deployments", "web")) == "NewReplicaSetAvailable"

    play(tmp_path, scene)


def test_scaling_in_the_middle_of_a_stuck_rollout_is_proportional(tmp_path: Path) -> None:
    """The example of kubernetes.io: with maxSurge 3 and maxUnavailable 2, 8 old and 5 new become 11 and 7."""

    async def scene(stage: Stage) -> None:
        rolling = {"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
        await stage.create("deployments", deployment(replicas=10, strategy=rolling))
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        await stage.patch("deployments", "web", image_patch("sick"))

        def sizes() -> dict[int, int]:
            return {
                revisions.revision(s): (s.get("status") or {}).get("replicas", 0)
                for s in stage.all("replicasets")
            }

        await stage.until(lambda: sizes() == {1: 8, 2: 5})
        await stage.patch("deployments", "web", {"spec": {"replicas": 15}})
        await stage.until(lambda: sizes() == {1: 11, 2: 7})

    play(tmp_path, scene)


def test_a_paused_deployment_waits_and_a_resumed_one_goes_on(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment(paused=True))
        await stage.until(lambda: reason(stage.get("deployments", "web")) == "DeploymentPaused")
        assert not stage.all("replicasets")
        await stage.patch("deployments", "web", {"spec": {"paused": False}})
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))

    play(tmp_path, scene)


def test_recreate_starts_the_new_only_after_the_last_old_has_ended(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment(strategy={"type": "Recreate"}))
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        together: list[int] = []

        def look(*_: object) -> None:
            together.append(len({objects.labels_of(p)["pod-template-hash"] for p in stage.all("pods")}))

        stage.caches["pods"].subscribe(look)
        stage.node.release.clear()
        await stage.patch("deployments", "web", image_patch("good:2"))
        await stage.until(lambda: all(map(objects.deleting, stage.all("pods"))))
        stage.node.release.set()
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")) and len(stage.all("pods")) == 2)
        assert max(together) == 1

    play(tmp_path, scene)


def test_old_revisions_are_forgotten_beyond_the_limit(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment(replicas=1, revisionHistoryLimit=1))
        for revision in range(2, 5):
            await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
            await stage.patch("deployments", "web", image_patch(f"good:{revision}"))
        await stage.until(lambda: sorted(map(revisions.revision, stage.all("replicasets"))) == [3, 4])

    play(tmp_path, scene)


def test_min_ready_seconds_hold_availability_back(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment(replicas=1, minReadySeconds=2))
        ready = await stage.until(
            lambda: (
                (d := stage.get("deployments", "web")) and (d.get("status") or {}).get("readyReplicas") and d
            )
        )
        assert "availableReplicas" not in ready["status"]
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))

    play(tmp_path, scene)


def _refused(stage: Stage) -> Object:
    return objects.condition(stage.get("deployments", "web") or {}, "ReplicaFailure") or {}


def test_a_quota_stops_a_rollout_with_its_words_until_it_is_raised(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        quota = {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "few"},
            "spec": {"hard": {"pods": "1"}},
        }
        await stage.create("resourcequotas", quota)
        await stage.create("deployments", deployment(replicas=3))
        found = await stage.until(lambda: _refused(stage))
        assert found["reason"] == "FailedCreate"
        assert "exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1" in found["message"]
        [event, *_] = await stage.until(
            lambda: [e for e in stage.all("events") if e["reason"] == "FailedCreate"]
        )
        assert event["type"] == "Warning" and event["message"].startswith("Error creating: pods ")
        await stage.until(
            lambda: (stage.get("resourcequotas", "few").get("status") or {}).get("used") == {"pods": "1"}
        )
        await stage.patch("resourcequotas", "few", {"spec": {"hard": {"pods": "9"}}})
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")) and not _refused(stage))

    play(tmp_path, scene)


def test_a_missing_service_account_is_a_replica_failure(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        subject = deployment()
        subject["spec"]["template"]["spec"]["serviceAccountName"] = "nobody"
        await stage.create("deployments", subject)
        found = await stage.until(lambda: _refused(stage))
        assert 'serviceaccount "nobody" not found' in found["message"]

    play(tmp_path, scene)


def _owned(stage: Stage) -> set[str]:
    return {p["metadata"]["name"] for p in stage.all("pods") if objects.controller_of(p)}


def test_lost_pods_are_replaced_and_relabelled_ones_released_and_taken_back(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment())
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        one, other = (p["metadata"]["name"] for p in stage.all("pods"))
        await stage.client.delete(place("pods", one))
        await stage.until(lambda: not stage.get("pods", one) and len(stage.all("pods")) == 2)
        await stage.patch("pods", other, {"metadata": {"labels": {"app": "debug"}}})
        await stage.until(lambda: len(_owned(stage)) == 2 and other not in _owned(stage))
        await stage.patch("pods", other, {"metadata": {"labels": {"app": "web"}}})
        await stage.until(lambda: len(_owned(stage)) == 2 == len(stage.all("pods")))

    play(tmp_path, scene)


def test_a_deployment_that_is_deleted_takes_everything_with_it(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment())
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        await stage.client.delete(place("deployments", "web", space=SPACE))
        await stage.until(lambda: not stage.all("replicasets") and not stage.all("pods"))

    play(tmp_path, scene)
