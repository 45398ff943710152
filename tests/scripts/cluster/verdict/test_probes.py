"""A pod that is ready and not well: its liveness probe is heard before a rollout passes."""

from __future__ import annotations

import time
from typing import Any

import pytest
from toolkit.base.outcome import Kind
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.diagnosis import container_diagnosis, probes

from tests.scripts.cluster_double import Cluster, applied, case, eventually, following

LIVENESS = {"httpGet": {"path": "/health"}, "periodSeconds": 1, "failureThreshold": 1}


def deployment() -> dict[str, Any]:
    return with_probe(applied())


def with_probe(obj: dict[str, Any]) -> dict[str, Any]:
    spec = obj["spec"] if obj["kind"] == "Pod" else obj["spec"]["template"]["spec"]
    spec["containers"][0]["livenessProbe"] = LIVENESS
    return obj


def ready_pods(cluster: Cluster, **status: Any) -> None:
    """Everything is there and ready; the first pod's container as told."""
    objects = [with_probe(obj) for obj in case("healthy")]
    first = next(obj for obj in objects if obj["kind"] == "Pod")
    first["status"]["containerStatuses"][0] |= status
    cluster.put(*objects)


def event(reason: str, message: str, count: int = 1) -> dict[str, Any]:
    return {
        "kind": "Event",
        "metadata": {"name": reason.lower()},
        "reason": reason,
        "message": message,
        "count": count,
        "lastTimestamp": "2026-11-23T04:58:00Z",
        "involvedObject": {
            "kind": "Pod",
            "name": "fb-submitter-api-test-dev-new-x1",
            "uid": "pod-rs-new-x1",
            "fieldPath": "spec.containers{api}",
        },
    }


UNHEALTHY = "Liveness probe failed: HTTP probe failed with statuscode: 503"
KILLING = "Container api failed liveness probe, will be restarted"
LAST = {"terminated": {"exitCode": 137, "reason": "Error"}}


def test_a_pod_that_is_ready_and_about_to_be_killed_is_not_a_pass(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_diagnosis, "READY_AGAIN_PATIENCE", 0.5)
    cluster.put(event("Unhealthy", UNHEALTHY))
    ready_pods(cluster)
    with following(connection, deployment()) as rolling:
        eventually(
            lambda: any("is ready, and its liveness probe failed once" in each for each in rolling.said)
        )
        cluster.put(event("Killing", KILLING))
        ready_pods(cluster, restartCount=1, lastState=LAST)
        eventually(lambda: any("restarted, once so far" in each for each in rolling.said))
        ready_pods(cluster, restartCount=2, lastState=LAST)
        verdict = rolling.verdict()
    assert verdict.outcome.kind is Kind.FAILED
    assert verdict.outcome.details["cause"] == "killed by its probe"
    assert "statuscode: 503" in verdict.outcome.reason


def test_a_liveness_probe_that_tells_soon_is_waited_for(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ready at once, killed for ever after: without its first answer this would be a pass."""
    monkeypatch.setattr(container_diagnosis, "READY_AGAIN_PATIENCE", 0.5)
    ready_pods(cluster)
    with following(connection, deployment()) as rolling:
        eventually(lambda: any("2 available" in line for line in rolling.said))
        cluster.put(event("Unhealthy", UNHEALTHY), event("Killing", KILLING))
        ready_pods(cluster, restartCount=2, lastState=LAST)
        assert rolling.verdict().outcome.details["cause"] == "killed by its probe"
    assert probes.first_answer({"livenessProbe": {"periodSeconds": 2}}) == 3
    assert probes.first_answer({"livenessProbe": {"periodSeconds": 10}}) == 0
    assert probes.first_answer({}) == 0


def test_a_liveness_probe_that_recovers_does_not_keep_a_rollout_from_passing(
    cluster: Cluster, connection: Connection
) -> None:
    cluster.put(event("Unhealthy", UNHEALTHY))
    ready_pods(cluster)
    started = time.monotonic()
    with following(connection, deployment()) as rolling:
        verdict = rolling.verdict()
    assert verdict.outcome.passed
    assert time.monotonic() - started >= 1 + 1 + 2, "period, timeout and a margin without another failure"
