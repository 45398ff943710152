"""How far a rollout is, and how long a suspicion may last: pure."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from toolkit.cluster.diagnosis import progress
from toolkit.cluster.diagnosis.finding import Cause, Finding, Severity, fatal, suspicious, waiting
from toolkit.cluster.diagnosis.progress import Awaited
from toolkit.cluster.verdict.rollout import Patience

from tests import ROOT

CASES = ROOT / "tests" / "pure" / "cases" / "diagnosis"
AWAITED = ("Deployment", "ReplicaSet", "Pod")


def healthy() -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """A Deployment that is all there, its ReplicaSets and pods."""
    found = json.loads((CASES / "healthy.json").read_text())["objects"]
    kinds = {
        kind: [obj for obj in found if obj["kind"] == kind] for kind in ("Deployment", "ReplicaSet", "Pod")
    }
    deployment = kinds["Deployment"][0]
    deployment["metadata"]["generation"] = deployment["status"]["observedGeneration"] = 3
    return deployment, kinds["ReplicaSet"], kinds["Pod"]


def test_a_rolled_out_deployment_is_done() -> None:
    deployment, sets, pods = healthy()
    assert Awaited.of(deployment).done(deployment, sets, pods)
    assert Awaited.of(deployment).findings(deployment, sets, pods, {}) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("status", "observedGeneration"), 2),
        (("status", "updatedReplicas"), 1),
        (("status", "replicas"), 3),
        (("status", "availableReplicas"), 1),
        (("metadata", "uid"), "another"),
        (("metadata", "generation"), 2),
        (("spec", "template", "metadata", "labels", "app"), "changed"),
    ],
)
def test_anything_less_is_not_done(path: tuple[str, ...], value: object) -> None:
    deployment, sets, pods = healthy()
    live = copy.deepcopy(deployment)
    node = live
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    assert not Awaited.of(deployment).done(live, sets, pods)


def test_pods_on_another_digest_are_not_done() -> None:
    deployment, sets, pods = healthy()
    pods[0]["status"]["containerStatuses"][0]["imageID"] = "registry.example/x@sha256:" + "f" * 64
    assert not Awaited.of(deployment).done(deployment, sets, pods)
    assert "not sha256:aaaa" in progress.wrong_images(pods[0])[0]


def test_a_runtime_that_reports_no_manifest_digest_is_no_mismatch() -> None:
    _, _, pods = healthy()
    pods[0]["status"]["containerStatuses"][0]["imageID"] = "sha256:" + "f" * 64
    assert progress.wrong_images(pods[0]) == []


def test_a_job_is_done_when_complete() -> None:
    job = json.loads((CASES / "job-complete.json").read_text())["objects"][0]
    assert Awaited.of(job).done(job, [], [])
    failed = json.loads((CASES / "job-failed.json").read_text())["objects"][0]
    assert not Awaited.of(failed).done(failed, [], [])


def test_zero_replicas_are_done_without_a_pod() -> None:
    deployment, sets, _ = healthy()
    deployment["spec"]["replicas"] = 0
    deployment["status"] = {"observedGeneration": 3}
    assert Awaited.of(deployment).done(deployment, sets, [])


UNREADY = suspicious(Cause.READINESS, "Pod/a", "no", "api", patience=10)


def test_a_fatal_finding_is_fatal_at_once() -> None:
    doomed = fatal(Cause.IMAGE, "Pod/a", "no image")
    assert Patience().judge([doomed], 0.0) == [doomed]


def test_a_suspicion_is_fatal_when_its_patience_is_used_up() -> None:
    patience = Patience()
    assert patience.judge([UNREADY], 0.0) == []
    assert patience.judge([UNREADY], 9.5) == []
    found = patience.judge([UNREADY], 10.0)
    assert [each.severity for each in found] == [Severity.FATAL]
    assert "for 10 s" in found[0].sentence


def test_flapping_neither_restarts_the_clock_nor_counts_the_time_between() -> None:
    patience = Patience()
    patience.judge([UNREADY], 0.0)
    patience.judge([UNREADY], 6.0)
    patience.judge([], 100.0)  # ready in between
    assert patience.judge([UNREADY], 200.0) == []
    assert patience.judge([UNREADY], 203.0) == []
    assert patience.judge([UNREADY], 204.0) != []


def test_waiting_never_becomes_fatal() -> None:
    patience = Patience()
    evicted = waiting(Cause.DISRUPTION, "Pod/a", "evicted")
    for now in (0.0, 1000.0, 10**6):
        assert patience.judge([evicted], now) == []


@pytest.mark.parametrize(
    ("finding", "after", "news"),
    [
        (UNREADY, 0.0, False),
        (UNREADY, 5.0, True),
        (waiting(Cause.STARTING, "Pod/a", "starts"), 100.0, False),
        (waiting(Cause.DISRUPTION, "Pod/a", "evicted"), 0.0, True),
        (fatal(Cause.CRASH, "Pod/a", "crash"), 0.0, True),
    ],
)
def test_an_ordinary_start_is_no_news(finding: Finding, after: float, news: bool) -> None:
    patience = Patience()
    patience.judge([finding], 0.0)
    patience.judge([finding], after)
    assert patience.is_news(finding) is news
