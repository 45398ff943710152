"""A rollout's verdict on a cluster that answers: right cause, right moment, and what was seen is kept."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from toolkit.base.outcome import Interrupted, Kind
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.diagnosis.finding import Cause
from toolkit.cluster.verdict import rollout

from tests.scripts.api_double import Request
from tests.scripts.cluster_double import Cluster, applied, case, eventually, following

STAMP = re.compile(r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def sentences(verdict: rollout.Verdict) -> list[str]:
    return [sentence for _, sentence in verdict.scene.timeline]


def test_it_passes_when_the_pods_are_ready_and_says_what_changed(
    cluster: Cluster, connection: Connection
) -> None:
    cluster.become("no-replica-set-yet")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        cluster.become("healthy")
        verdict = rolling.verdict()
    assert verdict.outcome.passed and verdict.outcome.reason == "is rolled out"
    assert verdict.restarts == {"pod-rs-new-x1/api": 0, "pod-rs-new-x2/api": 0}
    assert sentences(verdict)[0].startswith("applied Deployment/fb-submitter-api-test-dev")
    assert sentences(verdict)[-1] == "is rolled out"
    assert all(STAMP.match(stamp) for stamp, _ in verdict.scene.timeline)
    assert [stamp for stamp, _ in verdict.scene.timeline] == sorted(s for s, _ in verdict.scene.timeline)


def test_what_ran_before_the_apply_runs_already_whatever_restarted_in_the_past(
    cluster: Cluster, connection: Connection
) -> None:
    cluster.become("healthy")
    pods = [obj for obj in case("healthy") if obj["kind"] == "Pod"]
    for pod in pods:
        pod["status"]["containerStatuses"][0] |= {"restartCount": 7}
        pod["status"]["containerStatuses"][0]["lastState"] = {"terminated": {"exitCode": 1}}
    cluster.put(*pods)
    started = time.monotonic()
    with following(connection, case("healthy")[0]) as rolling:
        verdict = rolling.verdict()
    assert verdict.outcome.reason == "already runs"
    assert verdict.restarts == {"pod-rs-new-x1/api": 7, "pod-rs-new-x2/api": 7}
    assert time.monotonic() - started < 5


def test_the_scene_of_a_failure_holds_objects_findings_and_the_way_there(
    cluster: Cluster, connection: Connection
) -> None:
    cluster.become("lookalike-container-creating")
    with following(connection, applied()) as rolling:
        eventually(lambda: any("updated" in line for line in rolling.said))
        cluster.become("crash-loop")
        verdict = rolling.verdict()
    outcome, scene = verdict.outcome, verdict.scene
    assert outcome.kind is Kind.FAILED and outcome.reason.startswith("crash loop: Pod/")
    assert outcome.details == {
        "cause": "crash loop",
        "object": "Pod/fb-submitter-api-test-dev-new-x1",
        "container": "api",
    }
    assert any("the last words" in line for line in outcome.evidence)
    assert [each.cause for each in scene.findings] == [Cause.CRASH]
    assert {kind: len(scene.all(kind)) for kind in ("Deployment", "ReplicaSet", "Pod")} == {
        "Deployment": 1,
        "ReplicaSet": 1,
        "Pod": 1,
    }
    told = "\n".join(sentences(verdict))
    assert re.search(r"no longer: starting: Pod/", told)
    assert re.search(r"restart \d of Pod/\S+, container api: it ended with exit code 1", told)
    assert re.search(r"fatal: crash loop: Pod/", told)
    assert sentences(verdict)[-1].startswith("failed: crash loop")


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("image-not-found", "image does not exist"),
        ("command-not-found", "command cannot run"),
        ("oom-second", "out of memory"),
        ("probe-liveness", "killed by its probe"),
        ("admission-webhook", "admission"),
        ("limit-range", "limit range"),
        ("quota-must-specify", "quota"),
        ("sidecar-crash-ready-app", "crash loop"),
    ],
)
def test_a_fatal_cause_is_called_when_it_shows(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch, name: str, cause: str
) -> None:
    """Certain causes have no patience to wait for: what others are given would not end before the test."""
    monkeypatch.setenv("PATIENCE_SCALE", "1000")
    cluster.become(name)
    with following(connection, applied(name)) as rolling:
        verdict = rolling.verdict()
    assert verdict.outcome.kind is Kind.FAILED
    assert verdict.outcome.details["cause"] == cause
    assert verdict.outcome.remedy


def test_two_causes_are_both_named_and_the_root_leads(cluster: Cluster, connection: Connection) -> None:
    cluster.become("two-causes-in-a-pod")
    with following(connection, applied("two-causes-in-a-pod")) as rolling:
        reason = rolling.verdict().outcome.reason
    assert reason.startswith("image does not exist:")
    assert "also missing configuration: Pod/fb-submitter-api-test-dev-new-x1, container worker" in reason


def test_a_suspicion_gets_its_time_and_a_recovery_counts(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATIENCE_SCALE", "0.2")  # 5 s for a missing Secret become 1 s
    cluster.become("configuration-secret")
    started = time.monotonic()
    with following(connection, applied("configuration-secret")) as rolling:
        verdict = rolling.verdict()
    assert verdict.outcome.details["cause"] == "missing configuration"
    assert time.monotonic() - started >= 1
    monkeypatch.setenv("PATIENCE_SCALE", "100")
    cluster.become("configuration-secret")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        cluster.become("healthy")
        assert rolling.verdict().outcome.passed


def test_progress_deadline_is_timed_out_with_what_lies_below(
    cluster: Cluster, connection: Connection
) -> None:
    cluster.become("progress-deadline")
    with following(connection, applied("progress-deadline")) as rolling:
        outcome = rolling.verdict().outcome
    assert outcome.kind is Kind.TIMED_OUT and outcome.details["cause"] == "readiness never passes"
    assert "has timed out progressing" in outcome.reason
    objects = case("lookalike-container-creating")
    objects[0]["status"]["conditions"] = case("progress-deadline")[0]["status"]["conditions"]
    cluster.put(*objects)
    with following(connection, applied("lookalike-container-creating")) as rolling:
        outcome = rolling.verdict().outcome
    assert outcome.kind is Kind.TIMED_OUT and outcome.details["cause"] == "progress deadline"


def test_the_deadline_comes_and_what_was_awaited_is_said(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout, "REPORT_SECONDS", 0.4)
    cluster.become("init-waits")
    with following(connection, applied("init-waits"), deadline=2) as rolling:
        verdict = rolling.verdict()
    assert verdict.outcome.kind is Kind.TIMED_OUT
    assert "not rolled out within 2 s" in verdict.outcome.reason
    assert "wait-for-database" in verdict.outcome.reason
    assert any(re.match(r"still waiting \(for at most \d s more\): ", line) for line in rolling.said)


def test_events_that_may_not_be_read_do_not_keep_a_verdict_from_falling(
    cluster: Cluster, connection: Connection
) -> None:
    def refuse(request: Request) -> bool:
        if not request.path.endswith("/events"):
            return False
        request.status(403, 'events is forbidden: User "ci" cannot list')
        return True

    cluster.fault(refuse=refuse)
    cluster.become("crash-loop")
    with following(connection, applied("crash-loop")) as rolling:
        assert rolling.verdict().outcome.details["cause"] == "crash loop"


def test_interrupted_it_ends_at_once(cluster: Cluster, connection: Connection) -> None:
    cluster.become("lookalike-container-creating")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        started = time.monotonic()
        rolling.stop()
        with pytest.raises(Interrupted):
            rolling.verdict()
    assert time.monotonic() - started < 4


def test_many_changes_are_judged_together(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    look = rollout._Rollout._look

    def counted(self: Any, now: float) -> None:
        looks.append(now)
        look(self, now)

    monkeypatch.setattr(rollout._Rollout, "_look", counted)
    cluster.become("lookalike-container-creating")
    pod = next(obj for obj in case("lookalike-container-creating") if obj["kind"] == "Pod")
    started = time.monotonic()
    with following(connection, applied()) as rolling:
        for number in range(400):
            pod["metadata"]["annotations"] = {"turn": str(number)}
            cluster.put(pod)
        cluster.become("healthy")
        assert rolling.verdict().outcome.passed
    assert len(looks) <= 3 + (time.monotonic() - started) / rollout.JUDGE_SECONDS
