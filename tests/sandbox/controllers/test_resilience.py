"""The controllers keep going through restarts of the API, expired watches and lost answers, and idle when
nothing happens."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from sandbox.controllers import objects
from tests.sandbox.controllers.stage import Stage, deployment, image_patch, place, play, rolled_out


def owned_pods(stage: Stage) -> int:
    return len([p for p in stage.all("pods") if objects.controller_of(p) and not objects.deleting(p)])


def test_a_restart_of_the_api_in_the_middle_of_a_rollout(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        too_many: list[int] = []
        stage.caches["pods"].subscribe(lambda *_: too_many.append(owned_pods(stage)))
        await stage.create("deployments", deployment(replicas=6))
        await stage.until(lambda: owned_pods(stage) >= 1)
        await stage.restart_api()
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        await stage.patch("deployments", "web", image_patch("good:2"))
        await stage.until(lambda: owned_pods(stage) > 6)
        await stage.restart_api()
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        await stage.until(lambda: owned_pods(stage) == 6)
        assert max(too_many) <= 8  # 25% of 6, rounded up

    play(tmp_path, scene)


def test_expired_watches_are_listed_again(tmp_path: Path) -> None:
    """With a history of 5 changes every reconnect after the restart finds its version expired (410 Gone)."""

    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment(replicas=3))
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        await stage.restart_api(history=5)
        for name in "abcdefgh":
            meta = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
            await stage.create("configmaps", meta)
        await stage.until(lambda: stage.get("configmaps", "h"))
        await stage.client.delete(place("pods", stage.all("pods")[0]["metadata"]["name"]))
        await stage.patch("deployments", "web", {"spec": {"replicas": 4}})
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")) and owned_pods(stage) == 4)

    play(tmp_path, scene, history=5)


def test_an_idle_cluster_costs_next_to_nothing(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment(replicas=3))
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        quiet = asyncio.Event()
        used = time.process_time()
        for cache in stage.caches.values():
            cache.subscribe(lambda *_: quiet.set())
        versions = {plural: cache.version for plural, cache in stage.caches.items()}
        # What is measured is the passing of time itself.
        done, _ = await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=3)
        assert not done
        assert time.process_time() - used < 0.15
        settled = {plural: cache.version for plural, cache in stage.caches.items() if plural != "events"}
        assert settled.items() <= versions.items()

    play(tmp_path, scene)
