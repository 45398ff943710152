"""Kinds that are defined while the controllers run are cleared away like any other."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sandbox.base.client import ApiError, Object, path
from sandbox.controllers.machinery import objects
from tests.sandbox.controllers.real import SPACE
from tests.sandbox.controllers.stage import DEADLINE, Stage, place, play

DEFINITIONS = path("apiextensions.k8s.io/v1", "customresourcedefinitions")
API = "example.com/v1"
KIND = {"apiVersion": API, "kind": "Widget"}
OTHER = f"{SPACE}-kinds"


def definition() -> Object:
    root = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": root}}
    names = {"plural": "widgets", "kind": "Widget"}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    return {"metadata": {"name": "widgets.example.com"}, "spec": spec}


def config_map(name: str, owner: Object) -> Object:
    meta = {"name": name, "ownerReferences": [objects.owner_reference(owner)]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


async def until_served(stage: Stage, place: str, served: bool) -> None:
    """Wait until something is there, or is not there any more; nothing is told of it on a watch."""
    async with asyncio.timeout(DEADLINE):
        while served is await _gone(stage, place):
            await asyncio.sleep(0.05)


async def _gone(stage: Stage, place: str) -> bool:
    try:
        await stage.client.get(place)
    except ApiError as error:
        return error.status == 404
    return False


async def define(stage: Stage) -> None:
    """Make the kind known, and wait until it is."""
    await stage.client.create(DEFINITIONS, definition())
    await until_served(stage, path(API, "widgets", SPACE), True)


async def make(stage: Stage, name: str, space: str = SPACE) -> Object:
    body = {**KIND, "metadata": {"name": name}, "spec": {}}
    return await stage.client.create(path(API, "widgets", space), body)


def test_what_a_custom_object_owns_goes_with_it(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await define(stage)
        first, second = await make(stage, "first"), await make(stage, "second")
        await stage.create("configmaps", config_map("of-first", first))
        await stage.create("configmaps", config_map("of-second", second))
        await stage.client.delete(path(API, "widgets", SPACE, "first"))
        await stage.until(lambda: not stage.get("configmaps", "of-first"))
        assert stage.get("configmaps", "of-second")
        await stage.client.delete(f"{DEFINITIONS}/widgets.example.com")
        await stage.until(lambda: not stage.get("configmaps", "of-second"))

    play(tmp_path, scene)


def test_a_custom_object_goes_with_what_owns_it(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await define(stage)
        owner = await stage.client.create(
            place("configmaps"), {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner"}}
        )
        owned = {**KIND, "metadata": {"name": "w", "ownerReferences": [objects.owner_reference(owner)]}}
        await stage.client.create(path(API, "widgets", SPACE), owned)
        mark = config_map("mark", await stage.client.get(path(API, "widgets", SPACE, "w")))
        await stage.create("configmaps", mark)
        await stage.client.delete(place("configmaps", "owner"))
        await stage.until(lambda: not stage.get("configmaps", "mark"))
        await until_served(stage, path(API, "widgets", SPACE, "w"), False)

    play(tmp_path, scene)


def test_a_namespace_takes_its_custom_objects_along(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await define(stage)
        await stage.client.create(
            place("namespaces"), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OTHER}}
        )
        await make(stage, "w", OTHER)
        await make(stage, "kept")
        await stage.client.delete(place("namespaces", OTHER))
        await stage.until(lambda: not stage.get("namespaces", OTHER))
        listed = await stage.client.get(path(API, "widgets"))
        assert [one["metadata"]["name"] for one in listed["items"]] == ["kept"]
        await stage.client.delete(f"{DEFINITIONS}/widgets.example.com")
        await until_served(stage, path(API, "widgets"), False)

    play(tmp_path, scene)
