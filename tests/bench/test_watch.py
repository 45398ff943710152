"""Watching 10,000 pods: events per second and memory, beside the official client and `kubectl get -w`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import ROOT
from tests.bench import pod_server, pods, watching
from tests.bench.measure import Claim, environment, prove

PODS = 10_000
CRASHING = 50  # every 50th pod, at the end
# Each pod changes ten times; fewer events where it is only measured how fast they are taken in.
EVENTS, FEWER_EVENTS, TYPED_EVENTS = 100_000, 20_000, 5_000
# From each pod seen once to each seen ten times: what is new lies elsewhere in memory than what it replaces.
MOST_GROWTH = 1.15
FASTER_AT_LEAST = 10.0
WHOLE_WAY_AT_LEAST = 4.0

Json = dict[str, Any]


class Seen(NamedTuple):
    """What a way of watching cost: seconds for the list, for the events by clock and processor, and MiB."""

    list: float
    wall: float
    cpu: float
    memory: Mapping[int, float]
    most: float
    events: int

    def __str__(self) -> str:
        return f"{self.rate:,.0f} events/s ({self.micros:.0f} µs of processor each), {self.most:.0f} MiB"

    @property
    def rate(self) -> float:
        return self.events / self.wall

    @property
    def micros(self) -> float:
        return self.cpu / self.events * 1e6


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a process that serves the pods as an API server does."""
    command = [sys.executable, "-m", pod_server.__name__, str(PODS), str(CRASHING)]
    process = subprocess.Popen(command, cwd=ROOT, env=our_environment(), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=30)


def our_environment() -> dict[str, str]:
    return environment(PYTHONPATH=os.pathsep.join((str(ROOT), str(ROOT / "scripts"))))


def test_ten_thousand_pods(server: str, tmp_path: Path) -> None:
    def compare() -> list[Claim]:
        typed_lines = watched("typed-lines", server, TYPED_EVENTS)
        lines = watched("lines", server, FEWER_EVENTS)
        typed = watched("typed", server, TYPED_EVENTS)
        ours = watched("watcher", server, EVENTS)
        once, often = ours.memory[PODS], ours.memory[ours.events]
        what = f"{PODS:,} pods"
        claims = [
            Claim(
                f"{what}, bytes to finding, against the typed watch, processor time per event",
                f"{lines}; {typed_lines}",
                typed_lines.micros / lines.micros,
                FASTER_AT_LEAST,
                at_least=True,
            ),
            Claim(
                f"{what}, the watcher (list, thread, pods kept, restarts told), against typed list and watch",
                f"{ours}; {typed}; list {ours.list:.1f} and {typed.list:.1f} s",
                typed.micros / ours.micros,
                WHOLE_WAY_AT_LEAST,
                at_least=True,
            ),
            Claim(
                f"{what}, the watcher's memory after {ours.events:,} events, against after {PODS:,}",
                f"{often:.0f} MiB, {once:.0f} MiB ({ours.memory[0]:.0f} MiB after the list)",
                often / once,
                MOST_GROWTH,
            ),
            Claim(
                f"{what}, the watcher's memory, against the typed client's with the pods kept",
                f"{ours.most:.0f} MiB, {typed.most:.0f} MiB",
                ours.most / typed.most,
                1.0,
            ),
        ]
        if shutil.which("kubectl"):
            claims.append(beside_kubectl(ours, kubectl(server, tmp_path)))
        return claims

    prove(compare)


def watched(way: str, server: str, count: int) -> Seen:
    """Run a way in a process of its own; it must find the pods that crash and no other."""
    turns = max(1, count // PODS)
    marks = [PODS * turn for turn in range(1, turns + 1)]
    words = [sys.executable, "-m", watching.__name__, way, f"{server}/{turns}", count, *marks]
    ran = subprocess.run(
        [str(word) for word in words],
        cwd=ROOT,
        env=our_environment(),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    found: Json = json.loads(ran.stdout)
    assert found["crashing"] == [
        f"Pod/{pods.name_of(index)}" for index in range(min(count, PODS)) if crashes(index)
    ]
    memory = {int(after): size for after, size in found["memory"].items()}
    return Seen(found["list"], found["wall"], found["cpu"], memory, found["most"], count)


def crashes(index: int) -> bool:
    return index % CRASHING == CRASHING - 1


def kubectl(server: str, folder: Path) -> Seen:
    """`kubectl get pods -w`, which gets Tables from the same server; it ends with its stream."""
    argv = [
        "kubectl",
        "--server",
        f"{server}/1",
        "--namespace",
        pods.NAMESPACE,
        "get",
        "pods",
        "--watch",
    ]
    env = environment(KUBECACHEDIR=str(folder), KUBECONFIG=os.devnull)
    began = time.monotonic()
    process = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, bufsize=0)
    assert process.stdout
    lines, crashing, listed, listed_cpu = -1, 0, began, 0.0  # the first is the headline
    while piece := process.stdout.read(1 << 16):
        lines += piece.count(b"\n")
        crashing += piece.count(b"CrashLoopBackOff")  # may be cut in two, which is none of our business
        if listed == began and lines >= PODS:
            listed, listed_cpu = time.monotonic(), processor_seconds(process.pid)
    ended = time.monotonic()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0 and lines == 2 * PODS and crashing > 0
    cpu = usage.ru_utime + usage.ru_stime - listed_cpu
    return Seen(listed - began, ended - listed, cpu, {}, usage.ru_maxrss / 1024, PODS)


def processor_seconds(pid: int) -> float:
    """What a process has used so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def beside_kubectl(ours: Seen, theirs: Seen) -> Claim:
    return Claim(
        f"{PODS:,} pods, the watcher's events per second, beside kubectl get pods -w (Tables, nothing kept)",
        f"{ours}; {theirs}",
        ours.rate / theirs.rate,
        None,
    )
