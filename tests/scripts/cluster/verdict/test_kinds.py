"""Kinds beside the workloads, followed through the real watch: what is asked, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from toolkit.base.outcome import Kind
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.verdict.result import Row
from toolkit.cluster.verdict.rollout import EVENTS_SECONDS, Verdict

from tests import scenario
from tests.scripts.api_double import Request
from tests.scripts.cluster_double import Cluster, eventually, following

CERTIFICATES = [{"name": "certificates", "kind": "Certificate", "namespaced": True}]


@pytest.fixture(autouse=True)
def _impatient(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATIENCE_SCALE", "0.05")
    cluster.served["/apis/cert-manager.io/v1"] = CERTIFICATES


def play(cluster: Cluster, connection: Connection, name: str, deadline: float = 60) -> Verdict:
    """Follow what the scenario applied, and show its moments one after the other."""
    given = scenario.load(scenario.HOME / name)
    asked: list[str] = []
    cluster.put(*given.moments[0].objects)
    refuse = cluster.refuse

    def listen(request: Request) -> bool:
        asked.append(request.path if request.query.get("watch") else "")
        return refuse(request)

    cluster.fault(refuse=listen)
    with following(connection, *given.applied, deadline=deadline) as rolling:
        for moment in given.moments[1:]:
            eventually(lambda: len(set(asked)) > 3)
            cluster.put(*moment.objects)
        verdict = rolling.verdict()
    watched = {path.partition("/namespaces/ns/")[2] for path in asked} - {""}
    assert not any("/" in path for path in watched), "a stream of each kind, not of each object"
    return verdict


def row_of(verdict: Verdict, shown: str) -> Row:
    return next(row for row in verdict.rows if row.object == shown)


def forbidden(*paths: str) -> Callable[[Request], bool]:
    """The server's answer where a role does not allow it."""

    def refuse(request: Request) -> bool:
        if not request.path.endswith(paths):
            return False
        request.status(403, f'{paths[0]} is forbidden: User "ci" cannot list resource')
        return True

    return refuse


@pytest.mark.parametrize(
    "name",
    [
        "service-good", "service-selects-nothing", "ingress-good", "ingress-no-such-port",
        "claim-class-missing", "claim-waits-for-its-pod", "cron-job-good", "cron-job-unreadable",
        "cron-job-zone-unknown", "pod-fails",
        "pod-lasts-good", "daemon-set-node-not-ready", "replica-set-crashes", "replication-controller-good",
        "custom-good", "custom-failed", "custom-of-before", "autoscaler-no-target", "budget-good",
        "deployment-half-is-enough", "job-may-run-on", "deployment-not-to-be-judged",
    ],
)  # fmt: skip
def test_a_scenario_is_judged_as_it_is_on_paper(cluster: Cluster, connection: Connection, name: str) -> None:
    given = scenario.load(scenario.HOME / name)
    verdict = play(cluster, connection, name)
    assert str(verdict.outcome.kind) == given.expected["overall"], verdict.outcome.reason
    for shown, wanted in given.expected["objects"].items():
        row = row_of(verdict, shown)
        assert (str(row.state), row.cause) == (wanted["state"], wanted.get("cause", "")), row
        assert wanted.get("says", "") in row.said


def test_what_only_an_event_tells_fails_it_though_the_events_come_late(
    cluster: Cluster, connection: Connection
) -> None:
    def late(request: Request) -> bool:
        if request.path.endswith("/events") and not request.query.get("watch"):
            time.sleep(2)  # a server that is slow to list them, not a wait of the test
        return False

    cluster.fault(refuse=late)
    verdict = play(cluster, connection, "cron-job-unreadable")
    assert str(verdict.outcome.kind) == "failed", verdict.outcome.reason


def test_events_that_may_not_be_read_are_not_waited_for(cluster: Cluster, connection: Connection) -> None:
    cluster.fault(refuse=forbidden("/events"))
    started = time.monotonic()
    assert play(cluster, connection, "cron-job-good").outcome.passed
    assert time.monotonic() - started < EVENTS_SECONDS


@pytest.mark.parametrize(
    ("name", "paths", "shown"),
    [
        ("ingress-no-such-port", ("/ingresses",), "Ingress/web"),
        ("service-selects-nothing", ("/services",), "Service/web"),
        ("custom-failed", ("/certificates",), "Certificate.cert-manager.io/tls"),
    ],
)
def test_a_kind_that_may_not_be_read_is_not_judged_and_fails_nothing(
    cluster: Cluster, connection: Connection, name: str, paths: tuple[str, ...], shown: str
) -> None:
    cluster.fault(refuse=forbidden(*paths))
    started = time.monotonic()
    verdict = play(cluster, connection, name)
    assert verdict.outcome.passed, verdict.outcome.reason
    assert f"not judged: {shown}" in verdict.outcome.reason
    row = row_of(verdict, shown)
    assert (str(row.state), "may not be read" in row.said) == ("not judged", True)
    assert all(str(each.state) == "good" for each in verdict.rows if each.object != shown)
    assert time.monotonic() - started < 20


def test_pods_that_may_not_be_read_are_a_credential_to_be_mended(
    cluster: Cluster, connection: Connection
) -> None:
    cluster.fault(refuse=forbidden("/pods"))
    with pytest.raises(ApiError, match="may not do this"):
        play(cluster, connection, "deployment-good")


def test_nodes_that_may_not_be_read_leave_a_daemon_set_to_its_own_status(
    cluster: Cluster, connection: Connection
) -> None:
    cluster.fault(refuse=forbidden("/nodes"))
    assert play(cluster, connection, "daemon-set-good").outcome.passed
    verdict = play(cluster, connection, "daemon-set-node-not-ready", deadline=3)
    assert verdict.outcome.kind is Kind.TIMED_OUT
    assert str(row_of(verdict, "DaemonSet/agent").state) == "timed out"


def test_one_objects_own_deadline_ends_it_and_the_others_are_told_apart(
    cluster: Cluster, connection: Connection
) -> None:
    given = scenario.load(scenario.HOME / "deployment-own-deadline")
    given.applied[0]["metadata"]["annotations"]["form-builder/verdict.deadline"] = "2s"
    cluster.put(*given.moments[0].objects)
    with following(connection, *given.applied, deadline=100) as rolling:
        verdict = rolling.verdict()
    given.applied[0]["metadata"]["annotations"]["form-builder/verdict.deadline"] = "10s"
    assert verdict.outcome.kind is Kind.TIMED_OUT and "not rolled out within 2 s" in verdict.outcome.reason
    assert str(row_of(verdict, "Deployment/web").state) == "timed out"
    assert str(row_of(verdict, "Deployment/slow").state) == "still waiting"
