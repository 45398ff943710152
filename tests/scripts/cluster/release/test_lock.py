"""The deployment lock when the cluster was away, and when somebody took it over meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Failed
from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import Connection, connect
from toolkit.cluster.api.errors import Unreachable
from toolkit.cluster.release import lock
from toolkit.settings.model import Cluster, Ref

from tests.scripts import api_double
from tests.scripts.api_double import Double, Request
from tests.scripts.cluster_double import eventually


class Leases:
    """The one Lease, with the optimistic locking of a real server."""

    def __init__(self, double: Double) -> None:
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.away = False
        self.writes = 0
        double.answer = self.answer

    def take(self, holder: str) -> None:
        """Somebody else takes it over."""
        assert self.lease is not None
        self._keep({**self.lease, "spec": {**self.lease["spec"], "holderIdentity": holder}})

    def _keep(self, lease: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        metadata = {**lease["metadata"], "uid": "u", "resourceVersion": str(self.version)}
        self.lease = {**lease, "metadata": metadata}
        return self.lease

    def answer(self, request: Request) -> None:
        if self.away:
            request.drop()
        elif request.path == "/version":
            request.json({})
        elif request.method == "GET":
            request.json(self.lease) if self.lease else request.status(404, "not found")
        elif request.method == "DELETE":
            wanted = json.loads(request.body)["preconditions"]["resourceVersion"]
            if self.lease is None or self.lease["metadata"]["resourceVersion"] != wanted:
                request.status(409, "the precondition does not hold")
                return
            self.lease = None
            request.json({})
        else:
            sent = json.loads(request.body)
            now = self.lease["metadata"]["resourceVersion"] if self.lease else ""
            self.writes += 1
            if sent["metadata"].get("resourceVersion", "") != now:
                request.status(409, "the object has been modified")
            else:
                request.json(self._keep(sent))


@pytest.fixture
def leases() -> Iterator[tuple[Leases, Double]]:
    with api_double.running() as double:
        yield Leases(double), double


@pytest.fixture
def connection(leases: tuple[Leases, Double], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Connection:
    monkeypatch.setenv("L_SERVER", leases[1].url)
    monkeypatch.setenv("L_TOKEN", "a-token-for-locks")
    return connect(Cluster("c", "docker", server=Ref("L_SERVER"), token=Ref("L_TOKEN")), "s", tmp_path)


def held(connection: Connection) -> Any:
    space = Space("s", lambda line: None, threading.Event())
    return lock.held(connection, "ns", "tiny", run="r", who="Ada", space=space, wait=1)


def test_before_a_write_a_lock_that_was_taken_over_is_noticed(
    leases: tuple[Leases, Double], connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "RENEW_SECONDS", 600.0)
    with held(connection) as mine:
        mine.assure()
        assert leases[0].writes == 1, "it was renewed a moment ago"
        monkeypatch.setattr(lock, "GRANTED_SECONDS", 0)
        mine.assure()
        assert leases[0].writes == 2
        leases[0].take("Grace")
        mine.check()  # nobody has told us yet
        with pytest.raises(Failed, match="somebody took it over"):
            mine.assure()
        with pytest.raises(Failed, match="the deployment lock was lost"):
            mine.check()
    assert leases[0].lease is not None, "what somebody else holds is not given back"


def test_before_a_write_a_cluster_that_does_not_answer_is_no_permission(
    leases: tuple[Leases, Double], connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "RENEW_SECONDS", 600.0)
    with held(connection) as mine:
        monkeypatch.setattr(lock, "GRANTED_SECONDS", 0)
        leases[0].away = True
        with pytest.raises(Unreachable):
            mine.assure()
        leases[0].away = False
        mine.assure()
    assert leases[0].lease is None


def test_an_outage_is_survived_and_the_lock_is_renewed_again(
    leases: tuple[Leases, Double], connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.05)
    with held(connection) as mine:
        eventually(lambda: leases[0].writes > 2)
        leases[0].away = True
        mine.check()
        leases[0].away = False
        before = leases[0].writes
        eventually(lambda: leases[0].writes > before + 1)
        mine.check()
    assert leases[0].lease is None
