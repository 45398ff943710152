"""A watch that is dropped, silenced, forgotten or refused: it goes on, and an end is never taken for news."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from toolkit.cluster.api import stream
from toolkit.cluster.api.connection import Connection, connect
from toolkit.cluster.api.watch import Change, Watcher
from toolkit.settings.model import Cluster, Ref

from tests.scripts import api_double
from tests.scripts.api_double import Double, Request

PODS = "/api/v1/namespaces/ns/pods"


@pytest.fixture
def double() -> Iterator[Double]:
    with api_double.running() as server:
        yield server


@pytest.fixture
def connection(double: Double, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Connection:
    monkeypatch.setenv("W_SERVER", double.url)
    monkeypatch.setenv("W_TOKEN", "a-token-for-watching")
    monkeypatch.setattr(stream, "FIRST_PAUSE", 0.01)
    return connect(Cluster("c", "docker", server=Ref("W_SERVER"), token=Ref("W_TOKEN")), "s", tmp_path)


def pod(name: str, version: int, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": name, "resourceVersion": str(version), **more}}


def listing(version: int, *items: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": str(version)}, "items": list(items)}


def until(watcher: Watcher, done: Callable[[list[Change]], bool], seconds: float = 10) -> list[Change]:
    """Everything that happened until it is enough."""
    deadline = time.monotonic() + seconds
    seen: list[Change] = []
    while not done(seen):
        assert time.monotonic() < deadline, [(each.what, each.object, each.error) for each in seen]
        seen += watcher.wait(0.2)
    return seen


def names(watcher: Watcher) -> set[str]:
    return {each["metadata"]["name"] for each in watcher.all("Pod")}


def test_it_lists_then_follows_and_keeps_the_newest(double: Double, connection: Connection) -> None:
    def answer(request: Request) -> None:
        if "watch" not in request.query:
            request.json(listing(5, pod("a", 3), pod("b", 4)))
            return
        assert request.query["resourceVersion"] == "5"
        assert request.query["labelSelector"] == "app=x"
        request.begin()
        request.chunk({"type": "MODIFIED", "object": pod("a", 6, labels={"new": "yes"}, managedFields=[1])})
        request.chunk({"type": "DELETED", "object": pod("b", 7)})
        request.chunk({"type": "ADDED", "object": pod("c", 8)})
        double.ended.wait(20)

    double.answer = answer
    with Watcher(connection, "ns", {"Pod": {"labelSelector": "app=x"}}) as watcher:
        until(watcher, lambda seen: len(seen) >= 4)
        assert names(watcher) == {"a", "c"}
        a = watcher.named("Pod", "a")
        assert a is not None and a["kind"] == "Pod" and a["metadata"]["labels"] == {"new": "yes"}
        assert "managedFields" not in a["metadata"]


def test_a_stream_that_ends_or_breaks_is_taken_up_where_it_stopped(
    double: Double, connection: Connection
) -> None:
    asked: list[str] = []

    def answer(request: Request) -> None:
        if "watch" not in request.query:
            request.json(listing(5 + 5 * len(asked)))
            return
        asked.append(request.query["resourceVersion"])
        request.begin()
        if len(asked) == 1:
            request.chunk({"type": "ADDED", "object": pod("a", 6)})
            request.drop()  # in the middle of the answer
        elif len(asked) == 2:
            request.chunk({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}})
            request.end()
        else:
            request.chunk({"type": "ADDED", "object": pod("b", 10)})
            double.ended.wait(20)

    double.answer = answer
    with Watcher(connection, "ns", {"Pod": {}}) as watcher:
        seen = until(watcher, lambda _: names(watcher) == {"a", "b"})
    assert asked == ["5", "6", "9"]
    assert [each.what for each in seen].count("synced") == 1


@pytest.mark.parametrize("how", ["status", "event"])
def test_410_lists_again_and_forgets_what_is_gone(double: Double, connection: Connection, how: str) -> None:
    lists = [listing(5, pod("old", 1), pod("stays", 2)), listing(50, pod("stays", 2), pod("new", 40))]
    served: list[int] = []

    def answer(request: Request) -> None:
        if "watch" not in request.query:
            served.append(1)
            request.json(lists[min(len(served), 2) - 1])
        elif len(served) == 1 and how == "status":
            request.status(410, "too old resource version")
        elif len(served) == 1:
            request.begin()
            request.chunk({"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}})
            request.end()
        else:
            assert request.query["resourceVersion"] == "50"
            request.begin()
            double.ended.wait(20)

    double.answer = answer
    with Watcher(connection, "ns", {"Pod": {}}) as watcher:
        until(watcher, lambda seen: [each.what for each in seen].count("synced") == 2)
        assert names(watcher) == {"stays", "new"}


def test_a_half_open_stream_is_given_up_and_taken_up_again(
    double: Double, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stream.SILENCE_SECONDS > stream.STREAM_SECONDS, "an ordinary quiet stream must end first"
    monkeypatch.setattr(stream, "SILENCE_SECONDS", 0.2)
    streams: list[int] = []

    def answer(request: Request) -> None:
        if "watch" not in request.query:
            request.json(listing(5))
            return
        streams.append(1)
        request.begin()
        if len(streams) > 1:
            request.chunk({"type": "ADDED", "object": pod("a", 6)})
        double.ended.wait(20)  # says nothing more, and does not close

    double.answer = answer
    with Watcher(connection, "ns", {"Pod": {}}) as watcher:
        until(watcher, lambda _: names(watcher) == {"a"})


def test_a_refused_list_is_a_trouble_until_it_works(double: Double, connection: Connection) -> None:
    refused = [True]

    def answer(request: Request) -> None:
        if refused[0]:
            request.status(403, 'pods is forbidden: User "x" cannot list')
        elif "watch" in request.query:
            request.begin()
            double.ended.wait(20)
        else:
            request.json(listing(5, pod("a", 1)))

    double.answer = answer
    with Watcher(connection, "ns", {"Pod": {}}) as watcher:
        until(watcher, lambda seen: any(each.what == "trouble" for each in seen))
        assert "may not do this (403)" in watcher.troubles["Pod"].reason
        assert watcher.synced == set()
        refused[0] = False
        until(watcher, lambda _: "Pod" in watcher.synced)
        assert watcher.troubles == {}


def test_garbage_in_the_stream_does_not_end_the_watch(double: Double, connection: Connection) -> None:
    streams: list[int] = []

    def answer(request: Request) -> None:
        if "watch" not in request.query:
            request.json(listing(5))
            return
        streams.append(1)
        request.begin()
        if len(streams) == 1:
            request.chunk("not an event")
            request.chunk({"type": "ADDED", "object": None})
            request.chunk({"type": "ERROR", "object": {"code": 500, "message": "etcd is tired"}})
            request.end()
        else:
            request.chunk({"type": "ADDED", "object": pod("a", 6)})
            double.ended.wait(20)

    double.answer = answer
    with Watcher(connection, "ns", {"Pod": {}}) as watcher:
        until(watcher, lambda _: "a" in names_or_none(watcher))


def names_or_none(watcher: Watcher) -> set[str]:
    return {str(each.get("metadata", {}).get("name")) for each in watcher.all("Pod")}


def test_stopping_does_not_wait_for_a_quiet_stream(double: Double, connection: Connection) -> None:
    def answer(request: Request) -> None:
        if "watch" not in request.query:
            request.json(listing(5))
            return
        request.begin()
        double.ended.wait(20)

    double.answer = answer
    with Watcher(connection, "ns", {"Pod": {}}) as watcher:
        until(watcher, lambda _: "Pod" in watcher.synced and len(double.requests) >= 3)
        started = time.monotonic()
    assert time.monotonic() - started < 10, "half of what the stream is quiet for"


def test_what_may_be_listed_and_not_watched_is_listed_again_and_nobody_is_blind(
    double: Double, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Role that forgot the verb: refused for good, and once that hid everything else until the deadline."""
    monkeypatch.setattr(stream, "LIST_SECONDS", 0.05)
    lists: list[int] = []

    def answer(request: Request) -> None:
        if "watch" in request.query:
            request.status(403, 'pods is forbidden: User "x" cannot watch resource "pods"')
            return
        lists.append(1)
        request.json(listing(len(lists), pod("a", 1), *([pod("b", 2)] if len(lists) > 3 else [])))

    double.answer = answer
    with Watcher(connection, "ns", {"Pod": {}}) as watcher:
        until(watcher, lambda _: names(watcher) == {"a", "b"})
        assert watcher.troubles == {}
        assert watcher.blind(["Pod"]) == 0.0
        double.answer = lambda request: request.status(500, "etcd is away")
        until(watcher, lambda _: bool(watcher.troubles))
        assert watcher.blind(["Pod"]) > 0
