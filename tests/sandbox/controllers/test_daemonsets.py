"""DaemonSets have a pod on each node that they pick."""

from __future__ import annotations

from pathlib import Path

from sandbox.base.client import Object
from sandbox.controllers.machinery import objects
from tests.sandbox.controllers.stage import Stage, image_patch, place, play
from tests.sandbox.controllers.workloads import HASH, daemon_set, images, make_node, status_of

SETS = "daemonsets"


def rolled(stage: Stage, count: int) -> bool:
    """What `kubectl rollout status` calls successfully rolled out, on so many nodes."""
    found, status = stage.get(SETS, "agent"), status_of(stage, SETS, "agent")
    if not found or status.get("observedGeneration", 0) < found["metadata"]["generation"]:
        return False
    names = ("desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady")
    return [status.get(name, 0) for name in names] == [count] * 4


def by_node(stage: Stage) -> dict[str, str]:
    """Image of the pod on each node that has one."""
    alive = [p for p in stage.all("pods") if p["spec"].get("nodeName") and not objects.deleting(p)]
    return {pod["spec"]["nodeName"]: pod["spec"]["containers"][0]["image"] for pod in alive}


def test_each_node_has_one_pod(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(SETS, daemon_set())
        await stage.until(lambda: rolled(stage, 1))
        assert status_of(stage, SETS, "agent") == {
            "currentNumberScheduled": 1,
            "desiredNumberScheduled": 1,
            "numberAvailable": 1,
            "numberMisscheduled": 0,
            "numberReady": 1,
            "observedGeneration": 1,
            "updatedNumberScheduled": 1,
        }
        await make_node(stage, "second")
        await stage.until(lambda: rolled(stage, 2))
        assert by_node(stage).keys() == {"sandbox", "second"}
        [revision] = stage.all("controllerrevisions")
        assert {objects.labels_of(pod)[HASH] for pod in stage.all("pods")} == {
            objects.labels_of(revision)[HASH]
        }
        await stage.client.delete(place("pods", images(stage).popitem()[0]))
        await stage.until(
            lambda: any(objects.deleting(p) for p in stage.all("pods")) or len(images(stage)) == 2
        )
        await stage.until(lambda: rolled(stage, 2) and len(stage.all("pods")) == 2)
        await stage.client.delete(place("nodes", "second"))
        await stage.until(lambda: rolled(stage, 1) and by_node(stage).keys() == {"sandbox"})

    play(tmp_path, scene)


def test_templates_are_counted_and_each_pod_tells_of_which_it_is(tmp_path: Path) -> None:
    note, label = "deprecated.daemonset.template.generation", "pod-template-generation"

    async def scene(stage: Stage) -> None:
        def count(found: Object) -> str:
            return str(found["metadata"]["annotations"][note])

        await stage.create(SETS, daemon_set())
        await stage.until(lambda: rolled(stage, 1))
        assert count(stage.get(SETS, "agent")) == "1"
        assert {objects.labels_of(p)[label] for p in stage.all("pods")} == {"1"}
        later = await stage.patch(SETS, "agent", {"spec": {"minReadySeconds": 1}})
        assert count(later) == "1", "that is a new generation, and the template of before"
        assert count(await stage.patch(SETS, "agent", image_patch("good:2"))) == "2"
        await stage.until(lambda: rolled(stage, 1) and set(images(stage).values()) == {"good:2"})
        assert {objects.labels_of(p)[label] for p in stage.all("pods")} == {"2"}

    play(tmp_path, scene)


def test_nodes_are_picked_by_label_and_by_what_is_tolerated(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        taint = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
        await make_node(stage, "ssd", {"disk": "ssd"})
        await make_node(stage, "cordoned", {"disk": "ssd"}, unschedulable=True)
        await make_node(stage, "tainted", {"disk": "ssd"}, taints=[taint])
        chosen = daemon_set()
        chosen["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "ssd"}
        await stage.create(SETS, chosen)
        await stage.until(lambda: rolled(stage, 2))
        assert by_node(stage).keys() == {"ssd", "cordoned"}
        await stage.client.merge(place("nodes", "ssd"), {"metadata": {"labels": {"disk": "slow"}}})
        await stage.until(lambda: rolled(stage, 1) and by_node(stage).keys() == {"cordoned"})

    play(tmp_path, scene)


def test_an_update_replaces_as_many_as_may_be_missing(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        for number in range(3):
            await make_node(stage, f"node-{number}")
        await stage.create(SETS, daemon_set())
        await stage.until(lambda: rolled(stage, 4))
        await stage.patch(SETS, "agent", image_patch("sick"))
        await stage.until(lambda: list(by_node(stage).values()).count("sick") == 1)
        await stage.until(lambda: status_of(stage, SETS, "agent").get("numberUnavailable") == 1)
        await stage.caught_up()
        assert list(by_node(stage).values()).count("good") == 3, "it stops at the first that is not ready"
        await stage.patch(SETS, "agent", image_patch("good:2"))
        await stage.until(lambda: rolled(stage, 4))
        assert set(by_node(stage).values()) == {"good:2"}
        assert sorted(one["revision"] for one in stage.all("controllerrevisions")) == [1, 2, 3]

    play(tmp_path, scene)


def test_on_delete_waits_for_somebody_to_delete(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(SETS, daemon_set(updateStrategy={"type": "OnDelete"}))
        await stage.until(lambda: rolled(stage, 1))
        await stage.patch(SETS, "agent", image_patch("good:2"))
        await stage.until(
            lambda: (
                (status := status_of(stage, SETS, "agent"))
                and status["observedGeneration"] == stage.get(SETS, "agent")["metadata"]["generation"]
            )
        )
        assert by_node(stage) == {"sandbox": "good"}
        assert status_of(stage, SETS, "agent").get("updatedNumberScheduled", 0) == 0
        [name] = images(stage)
        await stage.client.delete(place("pods", name))
        await stage.until(lambda: rolled(stage, 1))
        assert by_node(stage) == {"sandbox": "good:2"}

    play(tmp_path, scene)


def test_a_surge_starts_the_new_one_first(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
        await stage.create(SETS, daemon_set(updateStrategy=strategy))
        await stage.until(lambda: rolled(stage, 1))
        await stage.patch(SETS, "agent", image_patch("sick"))
        await stage.until(lambda: sorted(images(stage).values()) == ["good", "sick"])
        await stage.patch(SETS, "agent", image_patch("good:2"))
        await stage.until(lambda: rolled(stage, 1) and list(images(stage).values()) == ["good:2"])

    play(tmp_path, scene)


def test_a_failed_pod_is_replaced(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create(SETS, daemon_set())
        await stage.until(lambda: rolled(stage, 1))
        [name] = images(stage)
        await stage.client.merge(place("pods", name, "status"), {"status": {"phase": "Failed"}})
        await stage.until(lambda: not stage.get("pods", name))
        await stage.until(lambda: rolled(stage, 1) and list(images(stage)) != [name])
        assert any(event["reason"] == "FailedDaemonPod" for event in stage.all("events"))

    play(tmp_path, scene)


def test_the_api_restarts_in_mid_rollout(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        for number in range(3):
            await make_node(stage, f"node-{number}")
        await stage.create(SETS, daemon_set())
        await stage.until(lambda: rolled(stage, 4))
        await stage.patch(SETS, "agent", image_patch("good:2"))
        await stage.until(lambda: "good:2" in by_node(stage).values())
        await stage.restart_api()
        await stage.until(lambda: rolled(stage, 4), 60)
        assert len(stage.all("pods")) == 4

    play(tmp_path, scene)
