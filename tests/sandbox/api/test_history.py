"""How far back lists, pages and watches go."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.api.real import named
from tests.sandbox.api.running import Running
from tests.sandbox.api.served import config_map, eventually, names


def test_pages_expire_with_a_way_on(own_api: Running) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    for number in range(4):
        own_api.create(path, config_map(f"c{number}"))
    token = own_api.http.get(path, params={"limit": 2}).json()["metadata"]["continue"]
    for number in range(60):
        own_api.http.put(f"{path}/c0", json=config_map("c0", n=str(number)))
    expired = own_api.http.get(path, params={"limit": 2, "continue": token})
    assert expired.status_code == 410 and expired.json()["reason"] == "Expired"
    rest = own_api.http.get(path, params={"limit": 2, "continue": expired.json()["metadata"]["continue"]})
    assert names(rest) == ["c2", "c3"]


def test_too_old_versions_are_gone(own_api: Running) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    own_api.create(path, config_map("a"))
    for number in range(60):
        own_api.http.put(f"{path}/a", json=config_map("a", n=str(number)))
    events = list(own_api.watch(path, resourceVersion="1"))
    assert len(events) == 1 and events[0]["type"] == "ERROR"
    assert events[0]["object"]["code"] == 410 and events[0]["object"]["reason"] == "Expired"


def test_old_versions_are_forgotten_in_time(tmp_path: Path) -> None:
    """As etcd forgets them (--etcd-compaction-interval): lists and watches say so, each in its own way."""
    if named() is not None:
        pytest.skip("it takes minutes on a real cluster")
    api = Running(tmp_path / "state", history_seconds=0.2)
    path = "/api/v1/namespaces/default/configmaps"
    old = api.create(path, config_map("a"))["metadata"]["resourceVersion"]
    api.create(path, config_map("b"))
    exact = {"resourceVersion": old, "resourceVersionMatch": "Exact"}
    eventually(lambda: api.http.get(path, params=exact).status_code != 200)
    answer = api.http.get(path, params=exact)
    assert (answer.status_code, answer.json()["reason"]) == (410, "Expired")
    assert answer.json()["message"] == "The resourceVersion for the provided list is too old."
    events = list(api.watch(path, resourceVersion=old))
    assert [event["type"] for event in events] == ["ERROR"] and events[0]["object"]["code"] == 410
    newest = api.http.get(path).json()["metadata"]["resourceVersion"]
    assert list(api.watch(path, resourceVersion=newest, timeoutSeconds=1)) == []
    api.stop()
