"""Events are kept for an hour."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.api.storage.database import Database
from sandbox.api.storage.retention import expire, last_seen
from sandbox.api.storage.store import Store
from sandbox.base.kinds import the_kind

EVENTS = the_kind("v1", "Event")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(Database(tmp_path / "cluster.db"), history=10)
    yield store
    store.close()


def test_events_are_forgotten_after_an_hour(store: Store) -> None:
    for name, seen in (("old", "2024-01-01T00:00:00Z"), ("new", "2024-01-01T00:50:00Z")):
        store.put(EVENTS, {"metadata": {"name": name, "namespace": "n"}, "lastTimestamp": seen})
    now = last_seen(store.entries(EVENTS)[0])
    expire(store, now + 1200)
    assert [entry.name for entry in store.entries(EVENTS)] == ["new"]
