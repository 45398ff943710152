"""The verdict is right when the API server is away, slow, silent, forgetful, busy, or does not know us."""

from __future__ import annotations

import datetime
import threading
import time

import pytest
from toolkit.base.outcome import Kind
from toolkit.cluster.api import stream, transport
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.verdict import rollout, timeline

from tests.scripts.cluster_double import Cluster, applied, case, eventually, following


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(transport, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(rollout, "BLIND_SECONDS", 0.5)


def seconds(length: float) -> None:
    """Let that much time pass: what is tested is that nothing happens in it."""
    threading.Event().wait(length)


def test_no_patience_runs_out_while_the_cluster_cannot_be_seen(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATIENCE_SCALE", "0.4")  # 2 s for a missing Secret
    cluster.become("configuration-secret")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        cluster.fault(down=True)
        eventually(lambda: any("trying again" in line for line in rolling.said))
        seconds(3)
        assert not rolling.future.done()
        cluster.become("healthy")
        cluster.fault(down=False)
        verdict = rolling.verdict()
    assert verdict.outcome.passed, verdict.outcome.reason
    told = [sentence for _, sentence in verdict.scene.timeline]
    assert any(each.startswith("the cluster cannot be seen: cluster c, space s") for each in told)
    assert "the cluster can be seen again" in told


def test_a_doomed_release_is_called_after_the_outage_with_its_cause(
    cluster: Cluster, connection: Connection
) -> None:
    cluster.become("lookalike-container-creating")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        cluster.fault(down=True)
        eventually(lambda: any("trying again" in line for line in rolling.said))
        cluster.become("oom-second")
        cluster.fault(down=False)
        verdict = rolling.verdict()
    assert verdict.outcome.kind is Kind.FAILED
    assert verdict.outcome.details["cause"] == "out of memory"


def test_an_outage_does_not_count_towards_the_deadline(cluster: Cluster, connection: Connection) -> None:
    cluster.become("lookalike-container-creating")
    with following(connection, applied(), deadline=2) as rolling:
        eventually(lambda: rolling.said)
        cluster.fault(down=True)
        seconds(3)
        assert not rolling.future.done()
        cluster.become("healthy")
        cluster.fault(down=False)
        assert rolling.verdict().outcome.passed


def test_the_deadline_comes_in_an_outage_that_does_not_end(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout, "UNSEEN_SECONDS", 1.0)
    cluster.become("lookalike-container-creating")
    with following(connection, applied(), deadline=2) as rolling:
        eventually(lambda: rolling.said)
        cluster.fault(down=True)
        verdict = rolling.verdict()
    assert verdict.outcome.kind is Kind.TIMED_OUT
    assert "not rolled out within 2 s" in verdict.outcome.reason
    assert "broke the connection" in verdict.outcome.reason


def test_connections_that_drop_again_and_again(cluster: Cluster, connection: Connection) -> None:
    cluster.fault(drop_after=1)
    cluster.become("lookalike-container-creating")
    pod = next(obj for obj in case("lookalike-container-creating") if obj["kind"] == "Pod")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        for number in range(5):
            pod["metadata"]["annotations"] = {"turn": str(number)}
            cluster.put(pod)
        cluster.become("healthy")
        assert rolling.verdict().outcome.passed
    watches = [request for request in cluster.double.requests if "watch" in request.query]
    assert len(watches) > 6, "the streams were meant to break"


def test_a_server_that_lost_its_history_is_listed_anew(cluster: Cluster, connection: Connection) -> None:
    cluster.become("lookalike-container-creating")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        cluster.become("crash-loop")
        cluster.forget()
        verdict = rolling.verdict()
    assert verdict.outcome.details["cause"] == "crash loop"


def test_a_server_that_starts_over_with_lower_versions(cluster: Cluster, connection: Connection) -> None:
    cluster.become("lookalike-container-creating")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        cluster.fault(down=True)
        eventually(lambda: any("trying again" in line for line in rolling.said))
        cluster.fault(version=0, objects={}, history=[])
        cluster.become("healthy")
        cluster.fault(down=False)
        assert rolling.verdict().outcome.passed


def test_an_open_stream_that_says_nothing_more_gives_no_false_verdict(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATIENCE_SCALE", "0.5")
    cluster.become("configuration-secret")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        cluster.fault(silent=True)
        cluster.become("healthy")
        verdict = rolling.verdict()
    assert verdict.outcome.passed, verdict.outcome.reason
    told = [sentence for _, sentence in verdict.scene.timeline]
    assert any(each.endswith("has changed and the watch did not show it: listing anew") for each in told)


def test_an_open_stream_that_says_nothing_keeps_no_true_verdict_from_falling(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATIENCE_SCALE", "0.5")
    cluster.become("configuration-secret")
    cluster.fault(silent=True)
    with following(connection, applied()) as rolling:
        assert rolling.verdict().outcome.details["cause"] == "missing configuration"


def test_a_slow_stream_is_read_piece_by_piece(cluster: Cluster, connection: Connection) -> None:
    cluster.become("lookalike-container-creating")
    with following(connection, applied()) as rolling:
        eventually(lambda: rolling.said)
        for obj in case("crash-loop"):
            cluster.put(obj)
            seconds(0.4)
        assert rolling.verdict().outcome.details["cause"] == "crash loop"


def test_a_wall_clock_that_jumps_changes_nothing(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hours, back and forth, at every look at it."""
    real, looks = time.time, [0]

    def jumping() -> float:
        looks[0] += 1
        return real() + (-1) ** looks[0] * 86400.0 * looks[0]

    class Jumping(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Jumping:
            return cls.fromtimestamp(jumping(), tz)

    monkeypatch.setattr(time, "time", jumping)
    monkeypatch.setattr(timeline.datetime, "datetime", Jumping)
    monkeypatch.setenv("PATIENCE_SCALE", "0.2")
    cluster.become("configuration-secret")
    started = time.monotonic()
    with following(connection, applied()) as rolling:
        verdict = rolling.verdict()
    assert verdict.outcome.details["cause"] == "missing configuration"
    assert time.monotonic() - started >= 1
    stamps = [stamp for stamp, _ in verdict.scene.timeline]
    assert stamps == sorted(stamps)
    assert looks[0] > 0
