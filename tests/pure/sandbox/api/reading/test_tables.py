"""What `kubectl get` shows: columns, cells and durations."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.defaults.objects import default
from sandbox.api.reading.printers.times import human, seconds
from sandbox.api.reading.tables import table
from sandbox.base.kinds import KINDS
from tests.pure.sandbox.objects import DEPLOYMENT, JOB, JSON, SAMPLES, SERVICE, mutilated, unhurried

Object = dict[str, Any]
NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z
CREATED = "2023-11-14T22:08:20Z"  # five minutes before


def row(obj: Object, *, wide: bool = False) -> dict[str, Any]:
    """Column name -> cell of one object's row."""
    shown = table(obj["kind"], [obj], NOW)
    (line,) = shown["rows"]
    return {
        column["name"]: cell
        for column, cell in zip(shown["columnDefinitions"], line["cells"], strict=True)
        if wide or not column["priority"]
    }


# apimachinery/pkg/util/duration/duration_test.go, and the edges between the formats.
DURATIONS = {
    -2: "<invalid>",
    -1.5: "0s",
    0: "0s",
    1: "1s",
    70: "70s",
    119: "119s",
    120: "2m",
    190: "3m10s",
    599: "9m59s",
    600: "10m",
    660: "11m",
    47 * 60: "47m",
    3 * 3600 - 1: "179m",
    3 * 3600: "3h",
    7 * 3600 + 600: "7h10m",
    8 * 3600: "8h",
    47 * 3600: "47h",
    48 * 3600: "2d",
    49 * 3600: "2d1h",
    8 * 86400 - 1: "7d23h",
    8 * 86400: "8d",
    367 * 86400: "367d",
    2 * 365 * 86400: "2y",
    (2 * 365 + 3) * 86400: "2y3d",
    8 * 365 * 86400: "8y",
}


@pytest.mark.parametrize(("duration", "text"), DURATIONS.items())
def test_durations_as_kubectl_shows_them(duration: float, text: str) -> None:
    assert human(duration) == text


@unhurried
@given(st.floats(0, 1e10), st.floats(0, 1e5))
def test_a_longer_time_is_never_shown_as_a_shorter_one(start: float, more: float) -> None:
    units = {"y": 365 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}

    def read(text: str) -> int:
        total, number = 0, ""
        for character in text:
            if character in units:
                total, number = total + int(number) * units[character], ""
            else:
                number += character
        return total

    assert read(human(start)) <= read(human(start + more))


def test_timestamps() -> None:
    assert seconds("2023-11-14T22:13:20Z") == NOW
    assert seconds("2023-11-14T22:13:20.500000Z") == NOW + 0.5
    assert seconds("yesterday") is None
    assert seconds(None) is None


def pod(
    status: Object | None = None, *, containers: int = 1, metadata: Object | None = None, **spec: Any
) -> Object:
    names = [f"c{i}" for i in range(containers)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "creationTimestamp": CREATED, **(metadata or {})},
        "spec": {"containers": [{"name": name} for name in names], **spec},
        "status": status or {},
    }


def container(state: Object, *, ready: bool = False, restarts: int = 0, **rest: Any) -> Object:
    return {"name": "c0", "state": state, "ready": ready, "restartCount": restarts, **rest}


RUNNING = container({"running": {}}, ready=True)
CRASHED = container(
    {"waiting": {"reason": "CrashLoopBackOff"}},
    restarts=3,
    lastState={"terminated": {"finishedAt": "2023-11-14T22:13:15Z", "exitCode": 1}},
)
INIT = [{"name": "i0"}, {"name": "i1"}]
DELETED = {"deletionTimestamp": CREATED}

# Name of the case: pod, READY, STATUS, RESTARTS.
PODS: dict[str, tuple[Object, str, str, str]] = {
    "pending": (pod({"phase": "Pending"}), "0/1", "Pending", "0"),
    "creating": (
        pod(
            {
                "phase": "Pending",
                "containerStatuses": [container({"waiting": {"reason": "ContainerCreating"}})],
            }
        ),
        "0/1",
        "ContainerCreating",
        "0",
    ),
    "running": (pod({"phase": "Running", "containerStatuses": [RUNNING]}), "1/1", "Running", "0"),
    "one of two": (
        pod({"phase": "Running", "containerStatuses": [RUNNING, container({"running": {}})]}, containers=2),
        "1/2",
        "Running",
        "0",
    ),
    "crash loop": (
        pod({"phase": "Running", "containerStatuses": [CRASHED]}),
        "0/1",
        "CrashLoopBackOff",
        "3 (5s ago)",
    ),
    "the first container has the last word": (
        pod({"phase": "Running", "containerStatuses": [CRASHED, RUNNING]}, containers=2),
        "1/2",
        "CrashLoopBackOff",
        "3 (5s ago)",
    ),
    "completed": (
        pod(
            {"phase": "Succeeded", "containerStatuses": [container({"terminated": {"reason": "Completed"}})]}
        ),
        "0/1",
        "Completed",
        "0",
    ),
    "exit code without a reason": (
        pod({"phase": "Failed", "containerStatuses": [container({"terminated": {"exitCode": 3}})]}),
        "0/1",
        "ExitCode:3",
        "0",
    ),
    "a completed container beside a running one": (
        pod(
            {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "False"}],
                "containerStatuses": [container({"terminated": {"reason": "Completed"}}), RUNNING],
            },
            containers=2,
        ),
        "1/2",
        "NotReady",
        "0",
    ),
    "evicted": (pod({"phase": "Failed", "reason": "Evicted"}), "0/1", "Evicted", "0"),
    "first init container": (
        pod(
            {
                "phase": "Pending",
                "initContainerStatuses": [container({"running": {}}), container({"waiting": {}})],
            },
            initContainers=INIT,
        ),
        "0/1",
        "Init:0/2",
        "0",
    ),
    "second init container": (
        pod(
            {
                "phase": "Pending",
                "initContainerStatuses": [
                    container({"terminated": {"exitCode": 0}}),
                    container({"running": {}}),
                ],
            },
            initContainers=INIT,
        ),
        "0/1",
        "Init:1/2",
        "0",
    ),
    "init container that fails": (
        pod(
            {
                "phase": "Pending",
                "initContainerStatuses": [container({"terminated": {"exitCode": 1}}, restarts=2)],
            },
            initContainers=INIT,
        ),
        "0/1",
        "Init:ExitCode:1",
        "2",
    ),
    "init container in a crash loop": (
        pod({"phase": "Pending", "initContainerStatuses": [CRASHED]}, initContainers=INIT),
        "0/1",
        "Init:CrashLoopBackOff",
        "3 (5s ago)",
    ),
    "sidecar": (
        pod(
            {
                "phase": "Running",
                "initContainerStatuses": [container({"running": {}}, ready=True, started=True)],
                "containerStatuses": [RUNNING],
            },
            initContainers=[{"name": "c0", "restartPolicy": "Always"}],
        ),
        "2/2",
        "Running",
        "0",
    ),
    "terminating": (
        pod({"phase": "Running", "containerStatuses": [RUNNING]}, metadata=DELETED),
        "1/1",
        "Terminating",
        "0",
    ),
    "finished, though deleted": (pod({"phase": "Succeeded"}, metadata=DELETED), "0/1", "Succeeded", "0"),
    "on a lost node": (
        pod({"phase": "Running", "reason": "NodeLost"}, metadata=DELETED),
        "0/1",
        "Unknown",
        "0",
    ),
    "gated": (
        pod({"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]}),
        "0/1",
        "SchedulingGated",
        "0",
    ),
}


@pytest.mark.parametrize("case", PODS)
def test_pods(case: str) -> None:
    obj, ready, status, restarts = PODS[case]
    assert row(obj) == {"Name": "p", "Ready": ready, "Status": status, "Restarts": restarts, "Age": "5m"}


def test_wide_pods() -> None:
    obj = pod({"podIPs": [{"ip": "127.3.1.1"}], "phase": "Running"}, nodeName="sandbox")
    wide = row(obj, wide=True)
    assert (wide["IP"], wide["Node"], wide["Nominated Node"]) == ("127.3.1.1", "sandbox", "<none>")


def test_a_finished_pod_marks_its_row() -> None:
    (line,) = table("Pod", [pod({"phase": "Succeeded"})], NOW)["rows"]
    assert line["conditions"][0]["reason"] == "Succeeded"


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
