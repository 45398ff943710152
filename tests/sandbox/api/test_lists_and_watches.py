"""Lists, pages, selectors, tables; watches with everything that can happen to them."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from tests.sandbox.api.running import Running
from tests.sandbox.api.served import Api, binding, config_map, names, pod


def seen(api: Api, path: str, count: int, **query: Any) -> list[tuple[str, str]]:
    """The first `count` events of a watch as (type, name)."""
    found = []
    for event in api.watch(path, **query):
        found.append((event["type"], event["object"]["metadata"].get("name", "")))
        if len(found) == count:
            break
    return found


def test_list_is_sorted_and_versioned(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    for name in ("b", "a", "c"):
        last = api.create(path, config_map(name))
    answer = api.http.get(path)
    assert names(answer) == ["a", "b", "c"]
    assert answer.json()["kind"] == "ConfigMapList"
    assert int(answer.json()["metadata"]["resourceVersion"]) >= int(last["metadata"]["resourceVersion"])


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("app=web", ["a", "b"]),
        ("app==web,tier!=back", ["a"]),
        ("tier in (front,back)", ["a", "b"]),
        ("tier notin (back)", ["a", "c"]),
        ("tier", ["a", "b"]),
        ("!tier", ["c"]),
        ("app=web,tier in (back, other),!gone", ["b"]),
        ("", ["a", "b", "c"]),
    ],
)
def test_label_selectors(api: Api, namespace: str, selector: str, expected: list[str]) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    api.create(path, pod("a", app="web", tier="front"))
    api.create(path, pod("b", app="web", tier="back"))
    api.create(path, pod("c", app="db"))
    assert names(api.http.get(path, params={"labelSelector": selector})) == expected


def test_field_selectors(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    for name in ("a", "b"):
        api.create(path, pod(name))
    api.http.post(f"{path}/a/binding", json=binding("a"))
    select = lambda text: names(api.http.get(path, params={"fieldSelector": text}))  # noqa: E731
    assert select("spec.nodeName=sandbox") == ["a"]
    assert select("spec.nodeName=") == ["b"]
    assert select("metadata.name!=a,status.phase=Pending") == ["b"]
    refused = api.http.get(path, params={"fieldSelector": "spec.colour=red"})
    assert (
        refused.status_code == 400 and "field label not supported: spec.colour" in refused.json()["message"]
    )
    assert api.http.get(path, params={"labelSelector": "a b"}).status_code == 400


def test_events_by_involved_object(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/events"
    for name in ("a", "b"):
        involved = {"kind": "Pod", "name": name, "namespace": namespace}
        event = {
            "metadata": {"name": f"{name}.1"},
            "involvedObject": involved,
            "reason": "Started",
            "type": "Normal",
        }
        api.create(path, event)
    chosen = api.http.get(path, params={"fieldSelector": "involvedObject.name=b,type=Normal"})
    assert names(chosen) == ["b.1"]


def test_pages_come_from_one_snapshot(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    for number in range(7):
        api.create(path, config_map(f"c{number}", value="old"))
    left = len(api.http.get(path).json()["items"]) - 3
    first = api.http.get(path, params={"limit": 3})
    assert names(first) == ["c0", "c1", "c2"] and first.json()["metadata"]["remainingItemCount"] == left
    api.http.delete(f"{path}/c4")
    api.create(path, config_map("c45"))
    api.http.put(f"{path}/c5", json=config_map("c5", value="new"))
    token = first.json()["metadata"]["continue"]
    second = api.http.get(path, params={"limit": 3, "continue": token})
    assert names(second) == ["c3", "c4", "c5"] and second.json()["items"][2]["data"] == {"value": "old"}
    assert second.json()["metadata"]["resourceVersion"] == first.json()["metadata"]["resourceVersion"]
    third = api.http.get(path, params={"limit": 3, "continue": second.json()["metadata"]["continue"]})
    assert names(third) == ["c6"] and "continue" not in third.json()["metadata"]
    assert api.http.get(path, params={"limit": 3, "continue": "nonsense"}).status_code == 400


def test_exact_and_future_versions(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    version = api.create(path, config_map("a"))["metadata"]["resourceVersion"]
    api.create(path, config_map("b"))
    exact = {"resourceVersion": version, "resourceVersionMatch": "Exact"}
    assert names(api.http.get(path, params=exact)) == ["a"]
    ahead = api.http.get(path, params={"resourceVersion": "999999999"})
    assert ahead.status_code == 504 and "Too large resource version" in ahead.json()["message"]
    assert api.http.get(path, params={"resourceVersion": "x"}).status_code == 400


def test_tables_and_metadata(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    api.create(path, pod("a"))
    as_table = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    table = api.http.get(path, headers=as_table).json()
    assert table["kind"] == "Table" and table["columnDefinitions"][0]["name"] == "Name"
    assert (
        table["rows"][0]["cells"][0] == "a" and table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    )
    single = api.http.get(f"{path}/a", headers=as_table, params={"includeObject": "Object"}).json()
    assert single["rows"][0]["object"]["kind"] == "Pod"
    as_metadata = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    metadata = api.http.get(path, headers=as_metadata).json()
    assert metadata["kind"] == "PartialObjectMetadataList" and "spec" not in metadata["items"][0]
    unknown = api.http.get(path, headers={"Accept": "application/x-unknown"})
    assert unknown.status_code == 406 and unknown.json()["reason"] == "NotAcceptable"


def test_watch_starts_with_what_is_there(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(path, config_map("a"))
    assert seen(api, path, 1) == [("ADDED", "a")]


def test_watch_from_a_version(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    version = api.create(path, config_map("a"))["metadata"]["resourceVersion"]
    api.create(path, config_map("b"))
    api.http.put(f"{path}/a", json=config_map("a", x="1"))
    api.http.delete(f"{path}/b")
    events = seen(api, path, 3, resourceVersion=version)
    assert events == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]


def test_watch_hears_changes_as_they_happen(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    version = api.http.get(path).json()["metadata"]["resourceVersion"]
    with api.http.stream("GET", path, params={"watch": "1", "resourceVersion": version}) as stream:
        lines = stream.iter_lines()
        made = api.create(path, config_map("a"))
        assert json.loads(next(lines)) == {"type": "ADDED", "object": made}
        gone = api.http.delete(f"{path}/a")
        assert gone.json()["status"] == "Success"
        deleted = json.loads(next(lines))
    assert deleted["type"] == "DELETED"
    assert int(deleted["object"]["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])


def test_watch_one_object_and_one_namespace(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    version = api.http.get(path).json()["metadata"]["resourceVersion"]
    api.create("/api/v1/namespaces/default/configmaps", {"metadata": {"generateName": "elsewhere-"}})
    for name in ("a", "b"):
        api.create(path, config_map(name))
    query = {"fieldSelector": "metadata.name=b", "resourceVersion": version}
    assert seen(api, path, 1, **query) == [("ADDED", "b")]
    assert seen(api, path, 2, resourceVersion=version) == [("ADDED", "a"), ("ADDED", "b")]
    named = api.http.get(f"{path}/b", params={"watch": "true", "resourceVersion": version}).json()
    assert named["kind"] == "ConfigMap", "one object is watched as a list of one, never by its own path"


def test_objects_enter_and_leave_a_selection(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    version = api.create(path, pod("a", app="db"))["metadata"]["resourceVersion"]
    headers = {"Content-Type": "application/merge-patch+json"}
    for change in ({"app": "web"}, {"more": "x"}, {"app": "db"}, {"app": "web"}):
        api.http.patch(f"{path}/a", content=json.dumps({"metadata": {"labels": change}}), headers=headers)
    api.http.delete(f"{path}/a")
    events = []
    for event in api.watch(path, resourceVersion=version, labelSelector="app=web"):
        events.append(event)
        if len(events) == 6:
            break
    types = ["ADDED", "MODIFIED", "DELETED", "ADDED", "MODIFIED", "DELETED"]
    assert [event["type"] for event in events] == types
    left = events[2]["object"]["metadata"]
    assert left["labels"] == {"app": "web", "more": "x"}
    assert int(left["resourceVersion"]) > int(events[1]["object"]["metadata"]["resourceVersion"])


def test_bookmarks(own_api: Running) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    version = own_api.http.get(path).json()["metadata"]["resourceVersion"]
    later = own_api.create("/api/v1/namespaces/default/secrets", {"metadata": {"name": "s"}})
    query = {"resourceVersion": version, "allowWatchBookmarks": "true"}
    event = next(own_api.watch(path, **query))
    assert event["type"] == "BOOKMARK" and event["object"]["kind"] == "ConfigMap"
    assert event["object"]["metadata"]["resourceVersion"] == later["metadata"]["resourceVersion"]


def test_initial_events_end_with_a_bookmark(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.create(path, config_map("a"))
    query = {
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }
    stream = api.watch(path, **query)
    first = next(stream)
    if "RequestWatchProgress is disabled" in str(first["object"].get("message")):
        pytest.skip("this cluster's etcd is too old for lists that are streamed")
    assert first["type"] == "ADDED"
    end = next(stream)
    assert end["type"] == "BOOKMARK"
    assert end["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert api.http.get(path, params={"watch": "1", "sendInitialEvents": "true"}).status_code == 400


def test_watch_ends_at_its_timeout(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    version = api.http.get(path).json()["metadata"]["resourceVersion"]
    assert list(api.watch(path, resourceVersion=version, timeoutSeconds=1)) == []


def test_watch_as_table(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    for name in ("a", "b"):
        api.create(path, config_map(name))
    headers = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    tables: dict[str, Any] = {}
    with api.http.stream("GET", path, params={"watch": "1"}, headers=headers) as stream:
        for line in stream.iter_lines():
            table = json.loads(line)["object"]
            tables[table["rows"][0]["cells"][0]] = table
            if {"a", "b"} <= tables.keys():
                break
    first, *rest = tables.values()
    assert first["kind"] == "Table" and first["columnDefinitions"]
    assert rest and all(each["columnDefinitions"] is None for each in rest)


def test_many_watchers_see_every_change_in_order(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    version = api.http.get(path).json()["metadata"]["resourceVersion"]
    expected = [("ADDED", f"c{number:03}") for number in range(100)]
    results: dict[int, list[tuple[str, str]]] = {}

    def follow(number: int) -> None:
        results[number] = seen(api, path, 100, resourceVersion=version)

    threads = [threading.Thread(target=follow, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for _, name in expected:
        api.create(path, config_map(name))
    for thread in threads:
        thread.join(60)
    assert results == dict.fromkeys(range(10), expected)


def test_stopping_ends_watches(own_api: Running) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    ended = threading.Event()
    with own_api.http.stream("GET", path, params={"watch": "1", "resourceVersion": "1"}) as stream:

        def follow() -> None:
            for _ in stream.iter_lines():
                pass
            ended.set()

        thread = threading.Thread(target=follow)
        thread.start()
        own_api.stop()
        assert ended.wait(60)
        thread.join()
