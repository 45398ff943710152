"""Wishes, reports and the lease, on both databases."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fb_platform.database import Database
from publisher import store as module
from publisher.store import Form, Store


@pytest.fixture
def any_store(database_url: str) -> Iterator[Store]:
    made = Store(Database(database_url))
    made.prepare()
    yield made
    made.database.close()


def wish(store: Store, form_id: str = "1", metadata: str = "{}") -> int | None:
    return store.publish("test-dev", "cats", form_id, "Cats", metadata)


def the(store: Store) -> Form:
    found = store.form("test-dev", "cats")
    assert found
    return found


def test_a_wish_raises_the_version(any_store: Store) -> None:
    assert wish(any_store) == 1
    assert wish(any_store, metadata="[]") == 2
    assert the(any_store) == Form(
        "test-dev", "cats", "1", "Cats", "[]", 2, "publish", "waiting", "", "", "", 0
    )
    assert any_store.forms() == [the(any_store)]
    assert any_store.form("test-dev", "dogs") is None


def test_a_slug_belongs_to_one_form_until_that_is_on_its_way_out(any_store: Store) -> None:
    wish(any_store)
    assert wish(any_store, "2") is None
    assert the(any_store).form_id == "1"
    assert any_store.unpublish("test-dev", "cats")
    assert (the(any_store).state, the(any_store).wish) == ("unpublishing", "remove")
    assert wish(any_store, "2") == 3
    assert not any_store.unpublish("test-dev", "dogs")


def test_an_overtaken_report_changes_nothing(any_store: Store) -> None:
    wish(any_store)
    first = the(any_store)
    assert any_store.report(replace(first, state="publishing", runner="r"))
    wish(any_store)
    assert not any_store.report(replace(first, state="published", reason="x", good_version=1))
    assert (the(any_store).state, the(any_store).reason, the(any_store).runner) == ("waiting", "", "r")


def test_only_what_is_still_unwanted_is_forgotten(any_store: Store) -> None:
    wish(any_store)
    any_store.unpublish("test-dev", "cats")
    leaving = the(any_store)
    wish(any_store)
    any_store.forget(leaving)
    assert the(any_store).version == 3
    any_store.unpublish("test-dev", "cats")
    any_store.forget(the(any_store))
    assert any_store.form("test-dev", "cats") is None


def test_one_worker_at_a_time(any_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert any_store.last_seen() == 0
    assert any_store.hold("one")
    assert any_store.hold("one")
    assert not any_store.hold("two")
    assert abs(any_store.last_seen() - time.time()) < 5
    any_store.release("two")
    assert not any_store.hold("two")
    any_store.release("one")
    assert any_store.hold("two")
    monkeypatch.setattr(module, "LEASE", -1.0)
    assert any_store.hold("two")
    assert any_store.hold("one"), "a lease that nobody renews ends"


def test_what_was_found_in_a_space(any_store: Store) -> None:
    any_store.checked("test-dev", "away", "")
    any_store.checked("test-dev", "", "2")
    [found] = any_store.spaces().values()
    assert (found.space, found.problem, found.runner) == ("test-dev", "", "2")
