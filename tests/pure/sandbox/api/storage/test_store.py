"""The store: versions, order, history, snapshots; no server around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.api.storage.database import Database
from sandbox.api.storage.store import Change, Store
from sandbox.api.wire.status import StatusError
from sandbox.base.kinds import the_kind

MAPS, EVENTS = the_kind("v1", "ConfigMap"), the_kind("v1", "Event")


def config_map(name: str, namespace: str = "n", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(Database(tmp_path / "cluster.db"), history=10)
    yield store
    store.close()


def names(store: Store, namespace: str = "", at: int | None = None) -> list[str]:
    return [f"{entry.namespace}/{entry.name}" for entry in store.entries(MAPS, namespace, at)]


def test_lists_are_ordered_and_cut_by_namespace(store: Store) -> None:
    for namespace, name in (("b", "x"), ("a", "z"), ("b", "a"), ("b-c", "x"), ("a", "a")):
        store.put(MAPS, config_map(name, namespace))
    assert names(store) == ["a/a", "a/z", "b/a", "b/x", "b-c/x"]
    assert names(store, "b") == ["b/a", "b/x"]
    assert names(store, "c") == []


def test_versions_only_grow_and_name_each_change(store: Store) -> None:
    first = store.put(MAPS, config_map("a"))
    second = store.put(MAPS, config_map("a", x="1"))
    gone = store.remove(second)
    assert (first.version, second.version, gone.version, store.version) == (1, 2, 3, 3)
    assert gone.object["metadata"]["resourceVersion"] == "3"
    assert [change.type for change in store.since(0)] == ["ADDED", "MODIFIED", "DELETED"]
    assert [change.entry.version for change in store.since(2)] == [3]


def test_history_is_bounded(store: Store) -> None:
    for number in range(15):
        store.put(MAPS, config_map("a", n=str(number)))
    assert store.oldest == 5 and len(list(store.since(5))) == 10
    with pytest.raises(StatusError) as error:
        store.since(4)
    assert error.value.code == 410
    with pytest.raises(StatusError):
        store.entries(MAPS, at=4)
    with pytest.raises(StatusError):
        store.entries(MAPS, at=99)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=25))
def test_every_remembered_moment_can_be_read_again(tmp_path: Path, steps: list[tuple[str, bool]]) -> None:
    path = tmp_path / "cluster.db"
    path.unlink(missing_ok=True)
    store = Store(Database(path), history=100)
    moments = {0: list[bytes]()}
    for name, keep in steps:
        entry = store.get(MAPS, "n", name)
        if keep:
            store.put(MAPS, config_map(name, version=str(store.version)))
        elif entry:
            store.remove(entry)
        moments[store.version] = [one.data for one in store.entries(MAPS)]
    for version, expected in moments.items():
        assert [one.data for one in store.entries(MAPS, at=version)] == expected
    store.close()
    again = Store(Database(path))
    assert [one.data for one in again.entries(MAPS)] == moments[
        store.version
    ] and again.version == store.version
    again.close()


def test_subscribers_hear_their_kind_in_order_until_they_leave(store: Store) -> None:
    heard: list[Change] = []
    leave = store.subscribe(MAPS, heard.append)
    store.put(MAPS, config_map("a"))
    store.put(EVENTS, {**config_map("e"), "kind": "Event"})
    store.put(MAPS, config_map("b"))
    leave()
    store.put(MAPS, config_map("c"))
    assert [change.entry.name for change in heard] == ["a", "b"]
    assert heard[0].line("ADDED", heard[0].entry) is heard[0].line("ADDED", heard[0].entry)
