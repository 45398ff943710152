"""A worker that is killed, stopped or not alone: the next one goes on, and no two fight."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from fb_platform.database import Database
from fb_testing.waiting import until
from publisher import worker as module
from publisher.store import Store
from publisher.worker import Worker

from .cluster import MiniCluster
from .conftest import DEV
from .wishes import of, the, ticks, wish


class Killed(BaseException):
    """Ends a worker as kill -9 does: nothing after it runs."""


def test_killed_at_any_request_the_next_worker_goes_on(
    new_worker: Callable[[], Worker], store: Store, kubernetes: MiniCluster
) -> None:
    """Every request of publishing and of unpublishing is once the first that is not made."""
    for removing in (False, True):
        for survived in range(100):
            slug = f"form-{removing}-{survived}".lower()
            wish(store, slug)
            if removing:
                ticks(new_worker_that_leads(new_worker, store))
                store.unpublish("test-dev", slug)
            first = new_worker_that_leads(new_worker, store)
            was_killed = killed_after(first, survived)
            ticks(new_worker_that_leads(new_worker, store))
            if removing:
                assert store.form("test-dev", slug) is None
            else:
                assert the(store, slug).state == "published"
                assert of(slug) < kubernetes.names(DEV)
                store.unpublish("test-dev", slug)
                ticks(new_worker_that_leads(new_worker, store))
            assert kubernetes.names(DEV) == {"configmaps/fb-runner-test-dev"}
            if not was_killed:
                break
        assert survived > 8


def new_worker_that_leads(new_worker: Callable[[], Worker], store: Store) -> Worker:
    store.database.run("update leases set expires_at = 0")  # as if time had passed
    return new_worker()


def killed_after(worker: Worker, requests: int) -> bool:
    """Let a worker live for so many requests; whether it was killed by then."""
    ask, left = worker.cluster._ask, requests

    def counting(*arguments: object, **options: object) -> object:
        nonlocal left
        if not left:
            raise Killed
        left -= 1
        return ask(*arguments, **options)  # type: ignore[arg-type]

    worker.cluster._ask = counting  # type: ignore[method-assign,assignment]
    try:
        ticks(worker)
    except Killed:
        return True
    return False


def test_two_workers_do_not_fight(
    new_worker: Callable[[], Worker], store: Store, kubernetes: MiniCluster
) -> None:
    one, two = new_worker(), new_worker()
    wish(store)
    for _ in range(3):
        one.tick()
        two.tick()
    assert (one.holds, two.holds, len(kubernetes.calls)) == (True, False, 4)
    one.stop()
    one.run()
    two.next.clear()
    two.tick()
    assert two.holds


def test_it_runs_until_it_is_stopped_and_waits_for_its_database(
    worker: Worker, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DATABASE_RETRY", 0.01)
    monkeypatch.setattr(module, "TICK", 0.01)
    away, failures = Store(Database("postgresql://nobody@127.0.0.1:1/nothing")), threading.Event()
    worker.store = worker.publication.store = away
    away.prepare = lambda: failures.set() or 1 / 0  # type: ignore[assignment,func-returns-value,return-value]
    thread = threading.Thread(target=worker.run)
    thread.start()
    assert failures.wait(10)
    wish(store)
    worker.store = worker.publication.store = store
    until("the form", lambda: the(store).state == "published")
    worker.stop()
    thread.join(10)
    assert not thread.is_alive()
