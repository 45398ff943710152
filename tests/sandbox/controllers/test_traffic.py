"""Where pods run and how they are reached: the scheduler, Endpoints and EndpointSlices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.base.client import Object
from sandbox.controllers.machinery import objects
from tests.sandbox.controllers import real
from tests.sandbox.controllers.stage import Stage, deployment, image_patch, place, play, rolled_out


def pod(name: str, image: str = "good", cpu: str = "100m", **spec: Any) -> Object:
    containers = [{"name": "main", "image": image, "resources": {"requests": {"cpu": cpu}}}]
    meta = {"name": name, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": containers} | spec}


def scheduled(stage: Stage, name: str) -> Object:
    return objects.condition(stage.get("pods", name) or {}, "PodScheduled") or {}


def addresses(stage: Stage, kind: str) -> int:
    subsets = stage.get("endpoints", "web").get("subsets") or []
    return sum(len(subset.get(kind) or []) for subset in subsets)


def test_what_does_not_fit_waits_with_the_schedulers_words_until_there_is_room(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("pods", pod("large", cpu="6"))
        await stage.until(lambda: stage.get("pods", "large").get("spec", {}).get("nodeName") == "sandbox")
        await stage.create("pods", pod("second", cpu="3"))
        found = await stage.until(lambda: (c := scheduled(stage, "second")).get("status") == "False" and c)
        assert found["reason"] == "Unschedulable" and real.says(found["message"], "1 Insufficient cpu")
        said = await stage.until(
            lambda: [e["message"] for e in stage.all("events") if e["reason"] == "FailedScheduling"]
        )
        assert found["message"] in said
        await stage.client.delete(place("pods", "large"))
        await stage.until(lambda: scheduled(stage, "second").get("status") == "True")

    play(tmp_path, scene)


def test_selectors_and_claims_are_respected(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("pods", pod("choosy", nodeSelector={"disk": "ssd"}))
        volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
        await stage.create("pods", pod("keeper", volumes=[volume]))
        found = await stage.until(lambda: scheduled(stage, "choosy"))
        nodes = "1 " if real.named() is None else ""
        assert real.says(found["message"], f"{nodes}node(s) didn't match Pod's node affinity/selector")
        found = await stage.until(lambda: scheduled(stage, "keeper"))
        assert real.says(found["message"], 'persistentvolumeclaim "data" not found')
        await stage.patch("nodes", "sandbox", {"metadata": {"labels": {"disk": "ssd"}}})
        await stage.until(lambda: scheduled(stage, "choosy").get("status") == "True")

    play(tmp_path, scene)


def test_endpoints_follow_the_pods(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        ports = [{"name": "http", "port": 80, "targetPort": "http"}]
        spec = {"selector": {"app": "web"}, "ports": ports}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}
        await stage.create("services", service)
        await stage.until(lambda: stage.get("endpoints", "web"))
        await stage.create("deployments", deployment())
        await stage.until(lambda: addresses(stage, "addresses") == 2)
        [subset] = stage.get("endpoints", "web")["subsets"]
        assert subset["ports"] == [{"name": "http", "port": 3000, "protocol": "TCP"}]
        [piece] = await stage.until(
            lambda: [s for s in stage.all("endpointslices") if len(s.get("endpoints") or []) == 2]
        )
        assert {e["addresses"][0] for e in piece["endpoints"]} == {a["ip"] for a in subset["addresses"]}
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        await stage.patch("deployments", "web", image_patch("sick"))
        await stage.until(
            lambda: addresses(stage, "notReadyAddresses") == 1 and addresses(stage, "addresses") == 2
        )
        await stage.client.delete(place("services", "web"))
        await stage.until(
            lambda: not stage.get("endpoints", "web") and not stage.all("endpointslices", app="web")
        )

    play(tmp_path, scene)
