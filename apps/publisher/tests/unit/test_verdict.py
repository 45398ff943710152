"""Objects in, verdict out."""

from typing import Any

import pytest
from publisher import verdict
from publisher.objects import REVISION


def deployment(**status: Any) -> dict[str, Any]:
    counts = {"observedGeneration": 3, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    return {"metadata": {"generation": 3}, "spec": {"replicas": 1}, "status": {**counts, **status}}


def condition(kind: str, status: str, **fields: str) -> list[dict[str, str]]:
    return [{"type": kind, "status": status, **fields}]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({}, "ready"),
        ({"observedGeneration": 2}, "coming"),
        ({"updatedReplicas": 0}, "coming"),
        ({"availableReplicas": 0}, "coming"),
        ({"replicas": 2}, "coming"),  # the old pod still serves
        ({"conditions": condition("Progressing", "True", reason="ReplicaSetUpdated")}, "ready"),
        ({"conditions": condition("Progressing", "False", reason="ProgressDeadlineExceeded")}, "doomed"),
        ({"conditions": condition("ReplicaFailure", "True", message="exceeded quota")}, "doomed"),
        ({"conditions": condition("ReplicaFailure", "False", message="exceeded quota")}, "ready"),
    ],
)
def test_deployments(status: dict[str, Any], state: str) -> None:
    assert verdict.of_deployment(deployment(**status)).state == state


def test_a_deployment_without_status_is_coming() -> None:
    assert verdict.of_deployment({"metadata": {"generation": 1}, "spec": {}}).state == "coming"


def pod(revision: str = "r", **container: Any) -> dict[str, Any]:
    return {
        "metadata": {"annotations": {REVISION: revision}},
        "status": {"containerStatuses": [{"restartCount": 0, "ready": False, **container}]},
    }


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


ENDED = {"terminated": {"exitCode": 7}}


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"state": waiting("ContainerCreating")}, ""),
        ({"state": waiting("ErrImagePull")}, ""),  # once is no verdict
        (
            {"state": waiting("ImagePullBackOff", "no such image.")},
            "its image cannot be fetched (no such image)",
        ),
        ({"state": waiting("InvalidImageName")}, "its image has an invalid name"),
        ({"state": waiting("CreateContainerConfigError", 'secret "x" not found')}, 'secret "x" not found'),
        ({"state": waiting("CrashLoopBackOff"), "lastState": ENDED}, "last with exit code 7"),
        ({"state": waiting("CrashLoopBackOff")}, "ends again and again"),
        ({"state": {"running": {}}, "restartCount": 1, "lastState": ENDED}, ""),
        ({"state": {"running": {}}, "restartCount": 2, "lastState": ENDED}, "last with exit code 7"),
        ({"state": {"running": {}}, "restartCount": 2, "lastState": ENDED, "ready": True}, ""),
    ],
)
def test_pods(container: dict[str, Any], words: str) -> None:
    found = verdict.of_pods([pod(**container)], "r")
    assert found.state == ("doomed" if words else "coming")
    assert words in found.reason


def test_only_pods_of_the_revision_that_are_to_stay_count() -> None:
    broken = {"state": waiting("CrashLoopBackOff")}
    leaving = pod(**broken)
    leaving["metadata"]["deletionTimestamp"] = "now"
    bare = {"metadata": {}}
    assert verdict.of_pods([pod("older", **broken), leaving, bare], "r").state == "coming"
