"""Watching 1,000 pods: bytes to findings, against the official client's typed watch on the same bytes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median

import pytest
from kubernetes import client
from kubernetes.watch import Watch
from toolkit.cluster.connection import Connection, connect
from toolkit.cluster.diagnosis import findings_from_line
from toolkit.cluster.finding import Finding, Severity
from toolkit.cluster.pod_diagnosis import of_pod
from toolkit.cluster.resources import built_in
from toolkit.cluster.transport import lines_of
from toolkit.cluster.watch import Watcher
from toolkit.model import Cluster, Ref

from tests.bench import pod_server, pods
from tests.bench.measure import Claim, Cost, prove

PODS = 1000
EVENTS_PER_POD = 3
EVENTS = PODS * EVENTS_PER_POD
CRASHING = {index for index in range(PODS) if index % 50 == 7}
AT_LEAST = 10.0
ROUNDS = 3


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a process that serves the pods as an API server does."""
    first = [pods.pod(index, index + 1, 0) for index in range(PODS)]
    listing = {
        "kind": "PodList",
        "apiVersion": "v1",
        "metadata": {"resourceVersion": str(PODS)},
        "items": first,
    }
    (tmp_path / "list.json").write_bytes(pods.compact(listing))
    with (tmp_path / "events.jsonl").open("wb") as file:
        for number in range(EVENTS):
            index, turn = number % PODS, number // PODS
            restarts = 2 if turn == EVENTS_PER_POD - 1 and index in CRASHING else 0
            file.write(pods.event(index, PODS + number + 1, restarts))
    process = subprocess.Popen(
        [sys.executable, pod_server.__file__, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture
def connection(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setenv("BENCH_SERVER", server)
    monkeypatch.setenv("BENCH_TOKEN", "a-token-that-nobody-checks")
    cluster = Cluster("bench", "docker", server=Ref("BENCH_SERVER"), token=Ref("BENCH_TOKEN"))
    return connect(cluster, "live-production", tmp_path)


def test_bytes_to_finding_is_ten_times_as_fast(server: str, connection: Connection) -> None:
    api = client.CoreV1Api(client.ApiClient(client.Configuration(host=server)))

    def typed() -> set[int]:
        events = Watch().stream(api.list_namespaced_pod, pods.NAMESPACE, timeout_seconds=300)
        states = ((each["object"].metadata.name, each["object"].status) for each in events)
        return {number_of(name) for name, status in states if status.container_statuses[0].state.waiting}

    def typed_with_list() -> set[int]:
        assert len(api.list_namespaced_pod(pods.NAMESPACE).items) == PODS
        return typed()

    def raw() -> set[int]:
        """What the watcher's thread does with each line, and what is done with the pod that comes out."""
        response = connection.stream(built_in("Pod").path(pods.NAMESPACE), query={"watch": "1"}, timeout=60)
        return doomed(finding for line in lines_of(response) for finding in findings_from_line(line))

    def raw_with_list() -> set[int]:
        """The whole way of a deployment: list, then the stream, in a thread that fills a queue."""
        found, seen = set(), 0
        with Watcher(connection, pods.NAMESPACE, {"Pod": {}}) as watcher:
            while seen < EVENTS:
                changed = [change.object for change in watcher.wait(60) if change.what == "changed"]
                seen += len(changed)
                found |= doomed(finding for pod in changed for finding in of_pod(pod))
        return found

    def compare() -> list[Claim]:
        costs = medians([typed, raw, typed_with_list, raw_with_list])
        what = f"watching {PODS} pods, {EVENTS} events"
        return [
            claim(f"{what}, bytes to finding, against the typed watch", costs[1], costs[0], AT_LEAST),
            claim(f"{what}, with the list, by a thread, against typed list and watch", costs[3], costs[2]),
        ]

    prove(compare)


def medians(ways: Sequence[Callable[[], set[int]]]) -> list[Cost]:
    """What each way costs, all of them in turn; each must find the pods that crash and no other."""
    seen: list[list[Cost]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for way, costs in zip(ways, seen, strict=True):
            wall, cpu = time.monotonic(), time.process_time()
            assert way() == CRASHING
            costs.append(Cost(time.monotonic() - wall, time.process_time() - cpu))
    return [Cost(median(each.wall for each in costs), median(each.cpu for each in costs)) for costs in seen]


def claim(what: str, ours: Cost, typed: Cost, limit: float | None = None) -> Claim:
    micro = [f"{cost.cpu / EVENTS * 1e6:.0f} µs" for cost in (ours, typed)]
    measured = (
        f"{micro[0]} an event, {micro[1]} (processor time; wall {ours.wall:.2f} and {typed.wall:.2f} s; "
        f"medians of {ROUNDS})"
    )
    return Claim(what, measured, typed.cpu / ours.cpu, limit, at_least=True)


def doomed(findings: Iterable[Finding]) -> set[int]:
    return {number_of(each.object) for each in findings if each.severity is Severity.FATAL}


def number_of(name: str) -> int:
    return int(name.rpartition("-")[2])
