"""Watching 1,000 pods: bytes to findings, against the official client's typed watch on the same bytes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import pytest
from kubernetes import client
from kubernetes.watch import Watch
from toolkit.cluster.connection import Connection, connect
from toolkit.cluster.diagnosis import findings_from_line
from toolkit.cluster.finding import Severity
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

    def lines() -> set[int]:
        path = built_in("Pod").path(pods.NAMESPACE)
        response = connection.stream(path, query={"watch": "1"}, timeout=60)
        found = (finding for line in lines_of(response) for finding in findings_from_line(line))
        return {number_of(each.object) for each in found if each.severity is Severity.FATAL}

    def watcher() -> set[int]:
        """The whole way of a rollout: list, then the stream, by a thread and a queue."""
        found, seen = set(), 0
        with Watcher(connection, pods.NAMESPACE, {"Pod": {}}) as watcher:
            while seen < EVENTS:
                for change in watcher.wait(60):
                    if change.what == "changed":
                        seen += 1
                        findings = of_pod(change.object)
                        found |= {
                            number_of(each.object) for each in findings if each.severity is Severity.FATAL
                        }
        return found

    def compare() -> list[Claim]:
        ways: dict[Callable[[], set[int]], list[Cost]] = {typed: [], lines: [], watcher: []}
        for _ in range(ROUNDS):
            for way, costs in ways.items():
                wall, cpu = time.monotonic(), time.process_time()
                assert way() == CRASHING
                costs.append(Cost(time.monotonic() - wall, time.process_time() - cpu))
        costs = {
            way: Cost(*(median(each) for each in zip(*found, strict=True))) for way, found in ways.items()
        }
        return [
            Claim(
                f"watching {PODS} pods, {EVENTS} events, bytes to finding {how}, against the typed watch",
                f"{micro(costs[way].cpu)} an event, {micro(costs[typed].cpu)} (processor time; "
                f"wall {costs[way].wall:.2f} and {costs[typed].wall:.2f} s; medians of {ROUNDS})",
                costs[typed].cpu / costs[way].cpu,
                AT_LEAST,
                at_least=True,
            )
            for way, how in ((lines, "line by line"), (watcher, "through list, thread and queue"))
        ]

    prove(compare)


def number_of(name: str) -> int:
    return int(name.rpartition("-")[2])


def micro(seconds: float) -> str:
    return f"{seconds / EVENTS * 1e6:.0f} µs"
