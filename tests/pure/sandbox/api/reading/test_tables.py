"""What `kubectl get` shows: columns and cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.defaults.objects import default
from sandbox.api.reading.tables import table
from sandbox.base.kinds import KINDS
from tests.pure.sandbox.api.reading.showing import CREATED, NOW, Object, row
from tests.pure.sandbox.objects import DEPLOYMENT, JOB, JSON, SAMPLES, SERVICE, mutilated, unhurried


def test_workloads() -> None:
    status = {"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1}
    obj = {**default(DEPLOYMENT), "status": status}
    obj["metadata"]["creationTimestamp"] = CREATED
    assert row(obj, wide=True) == {
        "Name": "web",
        "Ready": "1/3",
        "Up-to-date": 2,
        "Available": 1,
        "Age": "5m",
        "Containers": "web,helper",
        "Images": "nginx:1.27,busybox:1",
        "Selector": "app=web",
    }


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ([], "Running"),
        ([("Complete", "True")], "Complete"),
        ([("Failed", "True")], "Failed"),
        ([("Suspended", "True")], "Suspended"),
    ],
)
def test_jobs(conditions: list[tuple[str, str]], status: str) -> None:
    told = [{"type": type_, "status": value} for type_, value in conditions]
    job = {**default(JOB), "status": {"conditions": told, "startTime": CREATED, "succeeded": 1}}
    shown = row(job)
    assert (shown["Status"], shown["Completions"], shown["Duration"]) == (status, "1/1", "5m")


def test_services_and_their_endpoints() -> None:
    service = default(SERVICE)
    service["spec"]["clusterIP"] = "127.3.128.1"
    assert row(service, wide=True) == {
        "Name": "web",
        "Type": "ClusterIP",
        "Cluster-IP": "127.3.128.1",
        "External-IP": "<none>",
        "Port(s)": "80/TCP",
        "Age": "<unknown>",
        "Selector": "app=web",
    }
    addresses = [{"ip": f"127.3.1.{i}"} for i in range(1, 6)]
    endpoints = {"kind": "Endpoints", "subsets": [{"addresses": addresses, "ports": [{"port": 80}]}]}
    assert row(endpoints)["Endpoints"] == "127.3.1.1:80,127.3.1.2:80,127.3.1.3:80 + 2 more..."
    assert row({"kind": "Endpoints"})["Endpoints"] == "<none>"


def test_events() -> None:
    event = {
        "kind": "Event",
        "type": "Warning",
        "reason": "BackOff",
        "message": "Back-off restarting\n",
        "involvedObject": {"kind": "Pod", "name": "p"},
        "firstTimestamp": CREATED,
        "lastTimestamp": "2023-11-14T22:13:10Z",
        "count": 4,
    }
    assert row(event) == {
        "Last Seen": "10s",
        "Type": "Warning",
        "Reason": "BackOff",
        "Object": "pod/p",
        "Message": "Back-off restarting",
    }
    assert row(event, wide=True)["Count"] == 4


def test_the_others() -> None:
    node = {
        "kind": "Node",
        "metadata": {"name": "sandbox", "labels": {"node-role.kubernetes.io/control-plane": ""}},
        "spec": {"unschedulable": True},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"kubeletVersion": "v1.32.0"},
        },
    }
    shown = row(node)
    assert (shown["Status"], shown["Roles"], shown["Version"]) == (
        "Ready,SchedulingDisabled",
        "control-plane",
        "v1.32.0",
    )
    quota = {
        "kind": "ResourceQuota",
        "spec": {"hard": {"pods": "5", "limits.cpu": "2"}},
        "status": {"hard": {"pods": "5", "limits.cpu": "2"}, "used": {"pods": "1", "limits.cpu": "500m"}},
    }
    assert (row(quota)["Request"], row(quota)["Limit"]) == ("pods: 1/5", "limits.cpu: 500m/2")
    assert row({"kind": "Secret", "type": "Opaque", "data": {"a": "", "b": ""}})["Data"] == 2
    monitor = {"kind": "ServiceMonitor", "metadata": {"name": "m", "creationTimestamp": CREATED}}
    assert row(monitor) == {"Name": "m", "Age": "5m"}


@pytest.mark.parametrize("kind", sorted({info.kind for info in KINDS}))
def test_every_kind_can_be_shown_empty(kind: str) -> None:
    shown = table(kind, [{"kind": kind, "metadata": {"name": "x"}}], NOW)
    assert shown["columnDefinitions"][-1]["priority"] in (0, 1)
    assert len(shown["rows"][0]["cells"]) == len(shown["columnDefinitions"])
    assert table(kind, [], NOW)["rows"] == []


@unhurried
@given(
    mutilated(keep=("kind",))
    | st.builds(lambda s, status: {**s, "status": status}, st.sampled_from(SAMPLES), JSON)
)
def test_a_table_takes_what_defaults_and_validation_let_through(obj: Object) -> None:
    from sandbox.api.validation.objects import type_error

    tidy = default(obj)
    if type_error(tidy) is None:
        table(str(obj["kind"]), [tidy], NOW)
