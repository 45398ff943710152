"""Which node takes a pod, and the scheduler's words when none does."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.controllers.placing import fit


def node(**changes: Any) -> dict[str, Any]:
    room = {"cpu": "2", "memory": "1Gi", "pods": "3", **changes.pop("allocatable", {})}
    meta = {"name": "sandbox", "labels": {"kubernetes.io/os": "linux", "cores": "2"}}
    return {"metadata": meta, "spec": changes, "status": {"allocatable": room}}


def pod(cpu: str = "100m", memory: str = "64Mi", **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "resources": {"requests": {"cpu": cpu, "memory": memory}}}]
    return {"metadata": {"name": "p"}, "spec": {"containers": containers} | spec}


def affinity(*rules: dict[str, Any]) -> dict[str, Any]:
    terms = [{"matchExpressions": [rule]} for rule in rules]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


REPELLED = ["node(s) had untolerated taint {only: gpu}"]
ONLY_CPU = [{"key": "only", "value": "cpu"}]
HUNGRY = [{"name": "i", "resources": {"requests": {"cpu": "4"}}}]
EITHER = ({"key": "disk", "operator": "Exists"}, {"key": "cores", "operator": "Exists"})
TAINT = {"key": "only", "value": "gpu", "effect": "NoSchedule"}
MISFIT = ["node(s) didn't match Pod's node affinity/selector"]


@pytest.mark.parametrize(
    ("subject", "place", "expected"),
    [
        (pod(), node(), []),
        (pod(cpu="3"), node(), ["Insufficient cpu"]),
        (pod(cpu="3", memory="2Gi"), node(), ["Insufficient cpu", "Insufficient memory"]),
        (pod(nodeSelector={"disk": "ssd"}), node(), MISFIT),
        (pod(nodeSelector={"kubernetes.io/os": "linux"}), node(), []),
        (pod(), node(unschedulable=True), ["node(s) were unschedulable"]),
        (pod(), node(taints=[TAINT]), REPELLED),
        (pod(tolerations=[{"key": "only", "operator": "Exists"}]), node(taints=[TAINT]), []),
        (pod(tolerations=ONLY_CPU), node(taints=[TAINT]), REPELLED),
        (pod(affinity=affinity({"key": "cores", "operator": "Gt", "values": ["1"]})), node(), []),
        (pod(affinity=affinity({"key": "cores", "operator": "Gt", "values": ["2"]})), node(), MISFIT),
        (pod(affinity=affinity(*EITHER)), node(), []),
        (pod(initContainers=HUNGRY), node(), ["Insufficient cpu"]),
    ],
)
def test_obstacles(subject: dict[str, Any], place: dict[str, Any], expected: list[str]) -> None:
    assert fit.obstacles(subject, place, []) == expected


def test_those_that_are_there_take_room() -> None:
    assert fit.obstacles(pod(cpu="1500m"), node(), [pod(cpu="400m")]) == []
    assert fit.obstacles(pod(cpu="1500m"), node(), [pod(cpu="600m")]) == ["Insufficient cpu"]
    assert fit.obstacles(pod(), node(), [pod()] * 3) == ["Too many pods"]
    port = pod()
    port["spec"]["containers"][0]["ports"] = [{"containerPort": 1, "hostPort": 80}]
    assert fit.obstacles(port, node(), [port]) == [
        "node(s) didn't have free ports for the requested pod ports"
    ]


def test_the_sentence_counts_nodes_by_reason() -> None:
    reasons = ["Insufficient memory", "Insufficient cpu", "Insufficient cpu"]
    assert (
        fit.unschedulable(2, reasons) == "0/2 nodes are available: 1 Insufficient memory, 2 Insufficient cpu."
    )
    assert fit.unschedulable(0, []) == "no nodes available to schedule pods"
