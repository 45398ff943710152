"""The index of who controls what counts a write before the watch shows it, and not twice when it does."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest

from sandbox.base.client import Client, Informer, path
from sandbox.controllers.machinery.index import Owned

OWNER = {"metadata": {"uid": "o", "name": "o", "namespace": "n"}}


class Watch(Informer):
    """An informer that is told what the watch brings."""

    def __init__(self) -> None:
        super().__init__(Client("http://nowhere", ""), "v1", "pods")

    def show(self, kind: Literal["ADDED", "MODIFIED", "DELETED"], obj: dict[str, Any]) -> None:
        self._reach(obj)
        (self._forget if kind == "DELETED" else self._store)(obj)


def pod(name: str, version: int, owner: str = "o", uid: str = "", **meta: Any) -> dict[str, Any]:
    reference = [{"uid": owner, "controller": True}] if owner else []
    base = {"name": name, "namespace": "n", "uid": uid or name, "resourceVersion": str(version)}
    return {"metadata": base | {"ownerReferences": reference} | meta}


@pytest.fixture
def scene() -> tuple[Watch, Owned]:
    async def build() -> tuple[Watch, Owned]:
        watch = Watch()
        return watch, Owned(watch)

    return asyncio.run(build())


def names(index: Owned, going: bool = False) -> list[str]:
    found = index.of(OWNER)
    return sorted(
        p["metadata"]["name"] for p in found if bool(p["metadata"].get("deletionTimestamp")) is going
    )


def test_a_created_pod_counts_at_once_and_once(scene: tuple[Watch, Owned]) -> None:
    watch, index = scene
    index.created(pod("a", 5))
    assert names(index) == ["a"]
    watch.show("ADDED", pod("other", 4, owner="x"))
    assert names(index) == ["a"]
    watch.show("ADDED", pod("a", 5))
    assert names(index) == ["a"]


def test_a_pod_that_came_and_went_between_two_lists_is_not_waited_for(scene: tuple[Watch, Owned]) -> None:
    watch, index = scene
    index.created(pod("a", 5))
    watch.show("ADDED", pod("other", 9, owner="x"))
    assert names(index) == []


def test_a_deleted_pod_is_going_at_once_until_the_watch_says_so_itself(scene: tuple[Watch, Owned]) -> None:
    watch, index = scene
    watch.show("ADDED", pod("a", 1))
    index.deleted(watch.items[("n", "a")])
    watch.show("MODIFIED", pod("a", 2))  # from before the deletion
    assert (names(index), names(index, going=True)) == ([], ["a"])
    watch.show("MODIFIED", pod("a", 3, deletionTimestamp="2026-01-01T00:00:00Z"))
    watch.show("DELETED", pod("a", 4))
    assert index.of(OWNER) == []
    watch.show("ADDED", pod("a", 6, uid="another"))
    assert names(index) == ["a"]


def test_released_pods_become_orphans(scene: tuple[Watch, Owned]) -> None:
    watch, index = scene
    watch.show("ADDED", pod("a", 1))
    watch.show("MODIFIED", pod("a", 2, owner=""))
    assert names(index) == [] and [p["metadata"]["name"] for p in index.orphans("n")] == ["a"]
    assert index.orphans("elsewhere") == []


def test_paths() -> None:
    assert path("v1", "pods") == "/api/v1/pods"
    assert path("v1", "pods", "n", "a", "log") == "/api/v1/namespaces/n/pods/a/log"
    assert path("apps/v1", "deployments", "n") == "/apis/apps/v1/namespaces/n/deployments"
    assert path("v1", "namespaces", None, "n", "finalize") == "/api/v1/namespaces/n/finalize"
