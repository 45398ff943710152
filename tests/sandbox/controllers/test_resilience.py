"""The controllers go on through restarts of the API, expired watches and lost answers; at rest they idle."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import aiohttp
from aiohttp import web

from sandbox.controllers.machinery import objects
from tests.sandbox.controllers import real
from tests.sandbox.controllers.stage import Stage, deployment, image_patch, place, play, reason, rolled_out


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


@asynccontextmanager
async def losing_answers(url: str) -> AsyncIterator[str]:
    """A proxy that passes everything on, but hangs up instead of answering every other creation of a pod."""
    creations = count()
    session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))

    async def pass_on(request: web.Request) -> web.StreamResponse:
        headers = {n: v for n, v in request.headers.items() if n.lower() not in ("host", "content-length")}
        body = await request.read()
        async with session.request(
            request.method, url + request.path_qs, headers=headers, data=body
        ) as upstream:
            if request.method == "POST" and request.path.endswith("/pods") and next(creations) % 2 == 0:
                await upstream.read()
                assert request.transport is not None
                request.transport.abort()
            answer = web.StreamResponse(status=upstream.status)
            await answer.prepare(request)
            async for chunk in upstream.content.iter_any():
                await answer.write(chunk)
            return answer

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", pass_on)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await session.close()
        await runner.cleanup()


def test_lost_answers_do_not_make_one_pod_too_many(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        counted: list[int] = []
        stage.caches["pods"].subscribe(lambda *_: counted.append(len(stage.all("pods"))))
        await stage.create("deployments", deployment(replicas=7))
        await stage.until(lambda: rolled_out(stage.get("deployments", "web")))
        assert max(counted) == 7

    play(tmp_path, scene, route=losing_answers)


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


def written(stage: Stage) -> dict[str, dict[str, str]]:
    """The version of every object but events, which may tell late what has been seen: by kind and name."""
    return {
        plural: {"/".join(key): obj["metadata"]["resourceVersion"] for key, obj in cache.items.items()}
        for plural, cache in stage.caches.items()
        if plural != "events"
    }


def test_an_idle_cluster_costs_next_to_nothing(tmp_path: Path) -> None:
    real.only_a_sandbox("about what the sandbox's own controllers cost")

    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment(replicas=3))
        # The counts come first, and why there is no more to do: the controllers write nothing after that.
        await stage.until(
            lambda: (
                rolled_out(stage.get("deployments", "web"))
                and reason(stage.get("deployments", "web")) == "NewReplicaSetAvailable"
            )
        )
        before, used = written(stage), time.process_time()
        # What is measured is the passing of time itself.
        done, _ = await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=3)
        assert not done
        assert time.process_time() - used < 0.15
        await stage.caught_up()
        assert written(stage) == before

    play(tmp_path, scene)
