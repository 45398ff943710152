"""Addresses and ports behind a Service."""

from __future__ import annotations

from typing import Any

from sandbox.controllers.networking import endpoint_plan


def service(**spec: Any) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": "web", "protocol": "TCP"}]
    base = {"selector": {"app": "web"}, "ports": ports}
    meta = {"name": "web", "namespace": "n", "uid": "s"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": base | spec}


def pod(
    name: str, ready: bool = True, ip: str = "127.1.1.1", port: int = 3000, **changes: Any
) -> dict[str, Any]:
    container = {"name": "c", "ports": [{"name": "web", "containerPort": port}]}
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    meta = {"name": name, "namespace": "n", "uid": name, "labels": {"app": "web"}, **changes.pop("meta", {})}
    status = {"phase": "Running", "podIP": ip, "conditions": conditions, **changes.pop("status", {})}
    return {"metadata": meta, "spec": {"containers": [container], "nodeName": "sandbox"}, "status": status}


LEAVING = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


def addresses(subset: dict[str, Any], kind: str) -> list[str]:
    return [place["targetRef"]["name"] for place in subset.get(kind, [])]


def test_ready_and_not_ready_are_told_apart_and_the_leaving_are_left_out() -> None:
    pods = [pod("a"), pod("b", ready=False), pod("c", meta=LEAVING)]
    [subset] = endpoint_plan.subsets(service(), endpoint_plan.chosen(service(), pods))
    assert addresses(subset, "addresses") == ["a"]
    assert addresses(subset, "notReadyAddresses") == ["b"]
    assert subset["ports"] == [{"name": "http", "port": 3000, "protocol": "TCP"}]
    assert subset["addresses"][0]["nodeName"] == "sandbox"


def test_publish_not_ready_addresses_publishes_all() -> None:
    everyone = service(publishNotReadyAddresses=True)
    pods = [pod("a"), pod("b", ready=False), pod("c", meta=LEAVING)]
    [subset] = endpoint_plan.subsets(everyone, endpoint_plan.chosen(everyone, pods))
    assert addresses(subset, "addresses") == ["a", "b", "c"]
    [piece] = endpoint_plan.slices(everyone, pods)
    assert all(endpoint["conditions"]["ready"] for endpoint in piece["endpoints"])


def test_a_named_port_may_be_another_number_on_each_pod() -> None:
    found = endpoint_plan.subsets(service(), [pod("a", port=3000), pod("b", port=4000)])
    assert [(s["ports"][0]["port"], addresses(s, "addresses")) for s in found] == [
        (3000, ["a"]),
        (4000, ["b"]),
    ]
    unknown = service(ports=[{"port": 80, "targetPort": "nowhere"}])
    assert endpoint_plan.subsets(unknown, [pod("a")]) == []


def test_finished_pods_and_pods_without_an_address_are_not_behind_it() -> None:
    pods = [
        pod("a", status={"phase": "Succeeded"}),
        pod("b", ip=""),
        pod("c", meta={"labels": {"app": "other"}}),
    ]
    assert endpoint_plan.chosen(service(), pods) == []
    [piece] = endpoint_plan.slices(service(), [])
    assert piece["endpoints"] == [] and piece["ports"] == []


def test_slices_keep_the_leaving_as_terminating() -> None:
    [piece] = endpoint_plan.slices(service(), [pod("a"), pod("b", ready=False), pod("c", meta=LEAVING)])
    assert [e["conditions"] for e in piece["endpoints"]] == [
        {"ready": True, "serving": True, "terminating": False},
        {"ready": False, "serving": False, "terminating": False},
        {"ready": False, "serving": True, "terminating": True},
    ]
    assert piece["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
    assert piece["metadata"]["ownerReferences"][0]["uid"] == "s"
