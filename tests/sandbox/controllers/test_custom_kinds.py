"""Kinds that are defined while the controllers run are cleared away like any other."""

from __future__ import annotations

from pathlib import Path

from sandbox.base.client import ApiError, Object, path
from sandbox.controllers.machinery import objects
from tests.sandbox.controllers.stage import Stage, place, play

DEFINITIONS = path("apiextensions.k8s.io/v1", "customresourcedefinitions")
API = "example.com/v1"


def definition() -> Object:
    root = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": root}}
    names = {"plural": "widgets", "kind": "Widget"}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    return {"metadata": {"name": "widgets.example.com"}, "spec": spec}


def config_map(name: str, owner: Object) -> Object:
    meta = {"name": name, "ownerReferences": [objects.owner_reference(owner)]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


async def gone(stage: Stage, place: str) -> bool:
    try:
        await stage.client.get(place)
    except ApiError as error:
        return error.status == 404
    return False


async def make(stage: Stage, name: str, space: str = "default") -> Object:
    body = {"metadata": {"name": name}, "spec": {}}
    return await stage.client.create(path(API, "widgets", space), body)


def test_what_a_custom_object_owns_goes_with_it(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.client.create(DEFINITIONS, definition())
        first, second = await make(stage, "first"), await make(stage, "second")
        await stage.create("configmaps", config_map("of-first", first))
        await stage.create("configmaps", config_map("of-second", second))
        await stage.client.delete(path(API, "widgets", "default", "first"))
        await stage.until(lambda: not stage.get("configmaps", "of-first"))
        assert stage.get("configmaps", "of-second")
        await stage.client.delete(f"{DEFINITIONS}/widgets.example.com")
        await stage.until(lambda: not stage.get("configmaps", "of-second"))

    play(tmp_path, scene)


def test_a_custom_object_goes_with_what_owns_it(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.client.create(DEFINITIONS, definition())
        owner = await stage.client.create(
            place("configmaps"), {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner"}}
        )
        owned = {"metadata": {"name": "w", "ownerReferences": [objects.owner_reference(owner)]}}
        await stage.client.create(path(API, "widgets", "default"), owned)
        mark = config_map("mark", await stage.client.get(path(API, "widgets", "default", "w")))
        await stage.create("configmaps", mark)
        await stage.client.delete(place("configmaps", "owner"))
        await stage.until(lambda: not stage.get("configmaps", "mark"))
        assert await gone(stage, path(API, "widgets", "default", "w"))

    play(tmp_path, scene)


def test_a_namespace_takes_its_custom_objects_along(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.client.create(DEFINITIONS, definition())
        await stage.client.create(
            place("namespaces"), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
        )
        await make(stage, "w", "n")
        await make(stage, "kept")
        await stage.client.delete(place("namespaces", "n"))
        await stage.until(lambda: not stage.get("namespaces", "n"))
        listed = await stage.client.get(path(API, "widgets"))
        assert [one["metadata"]["name"] for one in listed["items"]] == ["kept"]
        await stage.client.delete(f"{DEFINITIONS}/widgets.example.com")
        assert await gone(stage, path(API, "widgets"))

    play(tmp_path, scene)
