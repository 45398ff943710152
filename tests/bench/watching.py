"""One way of watching many pods, as a program that measures itself.

`python -m tests.bench.watching WAY ADDRESS N MARK ...` lists, follows N events and prints a line of JSON:
what it cost, its memory after MARK events and whom it saw crash.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

from kubernetes import client
from kubernetes.watch import Watch
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.credentials import load
from toolkit.cluster.api.transport import lines_of
from toolkit.cluster.api.watch import Watcher
from toolkit.cluster.diagnosis.finding import Severity
from toolkit.cluster.diagnosis.pod_diagnosis import of_pod
from toolkit.objects import decoding
from toolkit.objects.resources import built_in
from toolkit.settings.model import Cluster, Ref
from toolkit.watch.lookout import Lookout

from tests.bench import pods

# Of each event, the name of the pod if it is in a crash loop, else "".
Way = Callable[[str], Generator[str, None, None]]
Json = dict[str, Any]


def connection(address: str) -> Connection:
    os.environ.update(BENCH_SERVER=address, BENCH_TOKEN="a-token-that-nobody-checks")
    cluster = Cluster("bench", "docker", server=Ref("BENCH_SERVER"), token=Ref("BENCH_TOKEN"))
    return Connection(cluster, "live-production", load(cluster, "live-production", Path.cwd()))


def lines(address: str) -> Generator[str, None, None]:
    """What is done with each line: bytes to pod to findings. Nothing is listed or kept."""
    path = built_in("Pod").path(pods.NAMESPACE)
    response = connection(address).stream(path, query={"watch": "1"}, timeout=60)
    yield ""
    for line in lines_of(response):
        found = of_pod(decoding.loads(line)["object"])
        yield next((each.object for each in found if each.severity is Severity.FATAL), "")


def watcher(address: str) -> Generator[str, None, None]:
    """The way of `make watch`: list, then a thread that follows, and the pods as they are now beside it."""
    lookout = Lookout({})
    with Watcher(connection(address), pods.NAMESPACE, {"Pod": {}}) as watch:
        while True:
            for change in watch.wait(60):
                seen = lookout.take(change, time.monotonic())
                yield next((f"Pod/{sight.pod}" for sight in seen if sight.alarm), "")


def typed_lines(address: str) -> Generator[str, None, None]:
    """The official client's way with each line. Nothing is listed or kept."""
    yield ""
    for pod in changes(api(address)):
        yield in_crash_loop(pod)


def typed(address: str) -> Generator[str, None, None]:
    """The official client, and the pods as they are now beside it."""
    core = api(address)
    listed: list[Any] = core.list_namespaced_pod(pods.NAMESPACE).items
    known = {pod.metadata.uid: pod for pod in listed}
    yield ""
    for pod in changes(core):
        known[pod.metadata.uid] = pod
        yield in_crash_loop(pod)


def api(address: str) -> client.CoreV1Api:
    return client.CoreV1Api(client.ApiClient(client.Configuration(host=address)))


def changes(core: client.CoreV1Api) -> Iterator[Any]:
    for event in Watch().stream(core.list_namespaced_pod, pods.NAMESPACE, timeout_seconds=600):
        yield event["object"]


def in_crash_loop(pod: Any) -> str:
    waiting = pod.status.container_statuses[0].state.waiting
    return f"Pod/{pod.metadata.name}" if waiting and waiting.reason == "CrashLoopBackOff" else ""


WAYS: dict[str, Way] = {"lines": lines, "watcher": watcher, "typed": typed, "typed-lines": typed_lines}


def memory(word: str = "VmRSS") -> float:
    """This process's resident memory in MiB: now, or (VmHWM) the most that it ever was."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(word))) / 1024


def measured(way: Way, address: str, events: int, marks: set[int]) -> Json:
    """marks: after how many events its memory is looked at."""
    crashing, at = set(), {}
    began, cpu = time.monotonic(), time.process_time()
    seen = way(address)
    next(seen)  # the list
    listed, listed_cpu = time.monotonic(), time.process_time()
    at[0] = memory()
    for number, name in enumerate(seen, start=1):
        if name:
            crashing.add(name)
        if number in marks:
            at[number] = memory()
        if number == events:
            break
    ended, ended_cpu = time.monotonic(), time.process_time()
    seen.close()
    return {
        "list": listed - began,
        "list_cpu": listed_cpu - cpu,
        "wall": ended - listed,
        "cpu": ended_cpu - listed_cpu,
        "memory": at,
        "most": memory("VmHWM"),
        "crashing": sorted(crashing),
    }


if __name__ == "__main__":
    marks = {int(word) for word in sys.argv[4:]}
    print(json.dumps(measured(WAYS[sys.argv[1]], sys.argv[2], int(sys.argv[3]), marks)), flush=True)
