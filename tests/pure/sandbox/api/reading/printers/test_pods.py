"""What `kubectl get pods` shows."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.api.reading.tables import table
from tests.pure.sandbox.api.reading.showing import CREATED, NOW, Object, row


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
