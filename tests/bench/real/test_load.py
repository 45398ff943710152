"""A good rolling update on a real cluster while a pod there asks the app's Service: no request is lost."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench.measure import Claim
from tests.bench.real import repository
from tests.bench.real.repository import Repository
from tests.kubernetes.cluster import Cluster, eventually

Json = dict[str, Any]
LOAD = Path(__file__).with_name("load.py")
POD = "load"
LEAST = 500
"""Requests, in all."""
# A pod that is told to end serves on until every node has heard of it, and finishes what it has begun.
GRACE = 'lifecycle: { preStop: { exec: { command: [sleep, "4"] } } }'
PATIENT = ("terminationGracePeriodSeconds: 2", "terminationGracePeriodSeconds: 20")

pytestmark = pytest.mark.timeout(900)


class Load:
    """A pod that asks a Service."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster = cluster
        self.path = f"/api/v1/namespaces/{namespace}/pods/{POD}"

    def seen(self) -> Json:
        """What came of its requests so far."""
        lines = self.cluster.api.text("GET", f"{self.path}/log?tailLines=1").splitlines()
        return dict(json.loads(lines[-1])) if lines else {"answers": {}, "lost": [], "all_lost": 0}

    def answers(self, release: str) -> int:
        return int(self.seen()["answers"].get(release, 0))


@contextlib.contextmanager
def load(cluster: Cluster, namespace: str, image: str, service: str) -> Iterator[Load]:
    """Under load for the block."""
    container = {
        "name": "load",
        "image": image,
        "command": ["python", "-c", LOAD.read_text(encoding="utf-8"), service, "/"],
    }
    spec = {"containers": [container], "restartPolicy": "Never", "terminationGracePeriodSeconds": 0}
    pods = f"/api/v1/namespaces/{namespace}/pods"
    cluster.api.ask("POST", pods, {"metadata": {"name": POD}, "spec": spec})
    made = Load(cluster, namespace)
    try:
        cluster.wait(made.path, lambda pod: pod["status"].get("phase") == "Running")
        yield made
    finally:
        cluster.api.ask("DELETE", made.path)
        eventually(lambda: cluster.find(made.path) is None)


def test_a_rolling_update_loses_no_request(cluster: Cluster, tmp_path: Path) -> None:
    with repository.made_on(cluster, tmp_path, ["app"], []) as made:
        claim = updated(made, cluster, GRACE)
        print(f"\n  {claim}")
        assert claim.holds, claim


def test_without_what_the_manifests_do_requests_are_lost(cluster: Cluster, tmp_path: Path) -> None:
    """That the test above can fail."""
    with repository.made_on(cluster, tmp_path, ["app"], []) as made:
        assert not updated(made, cluster, "").holds


def updated(made: Repository, cluster: Cluster, extra: str) -> Claim:
    """Two releases, the second under load, until nothing of the first is left."""
    release(made, "1", extra)
    namespace, space = made.namespace("app"), made.spaces["app"]
    pods = f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3Dtiny"

    def uids() -> set[str]:
        return {pod["metadata"]["uid"] for pod in cluster.api.ask("GET", pods)["items"]}

    old = uids()
    with load(cluster, namespace, made.images("app")["app"], f"fb-tiny-{space}") as under:
        eventually(lambda: under.answers("1") > LEAST // 4)
        release(made, "2", extra)
        eventually(lambda: not old & uids())
        before = under.answers("2")
        eventually(lambda: under.answers("2") > before + LEAST // 4)
        seen = under.seen()
    whole = sum(seen["answers"].values()) + seen["all_lost"]
    assert set(seen["answers"]) == {"1", "2"} and whole > LEAST, seen
    return Claim(
        "requests lost in a good rolling update, asked from a pod inside",
        f"{seen['all_lost']} of {whole} {seen['lost'] or ''}",
        float(seen["all_lost"]),
        0.0,
    )


def release(made: Repository, version: str, extra: str) -> None:
    made.release(version, replicas=2, extra=extra, also=PATIENT)
    _, ended = made.own("app")
    assert ended.code == 0, ended.output
