"""The sandbox's own client and its informer against the real API."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sandbox.base.client import ApiError, Client, Informer, Object
from tests.sandbox.controllers import real
from tests.sandbox.controllers.real import SPACE
from tests.sandbox.controllers.stage import DEADLINE, TOKEN, Stage, place, play


def config_map(name: str, size: int = 0, **labels: str) -> Object:
    meta = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"text": "x" * size}}


def test_objects_larger_than_any_buffer_come_through_a_watch(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("configmaps", config_map("large", 700_000))
        found = await stage.until(lambda: stage.get("configmaps", "large"))
        assert len(found["data"]["text"]) == 700_000

    play(tmp_path, scene)


def test_an_expired_version_is_410(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        for number in range(10):
            await stage.create("configmaps", config_map(f"c{number}"))
        with pytest.raises(ApiError) as refusal:
            async for _ in stage.client.watch(place("configmaps"), "1"):
                pass
        assert (refusal.value.status, refusal.value.reason) == (410, "Expired")

    play(tmp_path, scene, history=5)


def test_an_informer_with_a_selector_sees_things_enter_and_leave(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        seen: list[tuple[str, str]] = []
        happened = asyncio.Event()
        informer = Informer(stage.client, "v1", "configmaps", SPACE, labelSelector="team=a")

        def note(kind: str, new: Object, old: Object | None) -> None:
            assert (old is None) == (kind == "ADDED")
            seen.append((kind, new["metadata"]["name"]))
            happened.set()

        informer.subscribe(note)
        task = asyncio.ensure_future(informer.run())
        await asyncio.wait_for(informer.synced.wait(), DEADLINE)
        await stage.create("configmaps", config_map("mine", team="a"))
        await stage.create("configmaps", config_map("other", team="b"))
        await stage.patch("configmaps", "mine", {"data": {"text": "new"}})
        await stage.patch("configmaps", "mine", {"metadata": {"labels": {"team": "b"}}})
        await stage.patch("configmaps", "other", {"metadata": {"labels": {"team": "a"}}})
        async with asyncio.timeout(DEADLINE):
            while len(seen) < 4:
                happened.clear()
                await happened.wait()
        task.cancel()
        assert seen == [("ADDED", "mine"), ("MODIFIED", "mine"), ("DELETED", "mine"), ("ADDED", "other")]

    play(tmp_path, scene)


def test_refusals_carry_the_apis_words_and_absence_has_its_own(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        with pytest.raises(ApiError) as missing:
            await stage.client.get(place("pods", "nobody"))
        assert (missing.value.status, missing.value.reason) == (404, "NotFound")
        assert missing.value.message == 'pods "nobody" not found'
        created = await stage.create("configmaps", config_map("c"))
        await stage.patch("configmaps", "c", {"data": {"text": "1"}})
        with pytest.raises(ApiError) as stale:
            await stage.client.replace(place("configmaps", "c"), created)
        assert stale.value.reason == "Conflict"
        async with Client("http://127.0.0.1:1", TOKEN) as nobody:
            with pytest.raises(ApiError) as absent:
                await nobody.get("/api/v1/pods")
        assert (absent.value.status, absent.value.reason) == (0, "Unreachable")
        assert TOKEN not in str(absent.value)

    play(tmp_path, scene)


def test_a_stranger_is_told_that_the_api_does_not_know_him(tmp_path: Path) -> None:
    real.only_a_sandbox("a cluster is asked through a proxy that says who asks")

    async def scene(stage: Stage) -> None:
        async with Client(stage.client.server, "wrong") as stranger:
            with pytest.raises(ApiError) as refused:
                await stranger.get("/api/v1/pods")
        assert refused.value.status == 401

    play(tmp_path, scene)
