"""What is seen of a drill from outside: how the app answers all the time, and when the API shows what."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

from toolkit.base.outcome import Failed
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.api.watch import Watcher
from toolkit.objects.fields import mapping, name, number, objects, text, uid
from toolkit.objects.manifests import COMMIT

Json = dict[str, Any]
PROBE_SECONDS = 0.05
ANSWER_SECONDS = 5.0
TICK_SECONDS = 0.25
# What a release applies and its rollout is told from, what is made of that, and what is said of all of it.
APPLIED = ("Deployment", "StatefulSet", "DaemonSet", "Job", "Pod")
NEW = ("ReplicaSet", "Job", "Pod")
KINDS = (*APPLIED, "ReplicaSet", "Event")


class Answers(NamedTuple):
    """What the app answered: how often which version, and the requests that failed, with their words."""

    versions: Counter[str]
    failures: tuple[str, ...]
    last: str

    @property
    def asked(self) -> int:
        """How many requests there were."""
        return sum(self.versions.values()) + len(self.failures)


class Probe:
    """Asks the app for its version through its Service, again and again, while the block runs."""

    def __init__(self, connection: Connection, namespace: str, service: str, port: int) -> None:
        self._connection = connection
        self._address = connection.proxy("services", namespace, service, port, "/release")
        self._versions: Counter[str] = Counter()
        self._failures: list[str] = []
        self._last = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drill probe", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(ANSWER_SECONDS + 1)

    @property
    def answers(self) -> Answers:
        """What was heard until now."""
        return Answers(Counter(self._versions), tuple(self._failures), self._last)

    def _run(self) -> None:
        began = time.monotonic()
        while not self._stop.wait(PROBE_SECONDS):
            try:
                answer = self._connection.request(
                    "GET", self._address, timeout=ANSWER_SECONDS, headers={"Accept": "*/*"}
                )
                self._last = answer.data.decode("utf-8", "replace").strip()
                self._versions[self._last] += 1
            except ApiError as error:
                said = f"answers {error.status}, {error.said[:200]}"
                self._failures.append(f"{time.monotonic() - began:.1f} s: {said}")
            except Failed as error:
                self._failures.append(f"{time.monotonic() - began:.1f} s: {error.reason}")


class Eyes:
    """Watches a namespace while the block runs, and notes when a sign of a new version is seen first.

    Signs are reasons of container states, conditions and events; "2 exits" of a container; "new pod",
    "2 ready" of them; "Deployment applied" and the like.
    `arm` names the commit that is new; what was there before does not count.
    """

    def __init__(self, connection: Connection, namespace: str) -> None:
        self._watcher = Watcher(connection, namespace, {kind: {} for kind in KINDS})
        self._lock = threading.Lock()
        self._commit = ""
        self._before: set[str] = set()
        self._counts: dict[str, int] = {}
        self._seen: dict[str, float] = {}
        self._stop = threading.Event()
        self._synced = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drill watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(TICK_SECONDS + 3)

    def arm(self, commit: str, seconds: float = 20) -> None:
        """From now on look for the signs of this commit. Raises Failed when the namespace cannot be seen."""
        if not self._synced.wait(seconds):
            raise Failed("the drill cannot see its namespace")
        with self._lock:
            self._commit, self._seen = commit, {}
            self._before = {uid(each) for kind in NEW for each in self._watcher.all(kind)}
            self._counts = {uid(each): number(each, "count") for each in self._watcher.all("Event")}

    def when(self, sign: str) -> float | None:
        """When the sign was seen first (monotonic seconds); None when it was not."""
        with self._lock:
            return self._seen.get(sign)

    @property
    def applied(self) -> float | None:
        """When the first of what the new version runs was seen."""
        return self.when("applied")

    def new_pods(self) -> list[Json]:
        """The pods that came since `arm`."""
        with self._lock:
            return [pod for pod in self._watcher.all("Pod") if uid(pod) not in self._before]

    def _run(self) -> None:
        with self._watcher as watcher:
            while not self._stop.is_set():
                changes = watcher.wait(TICK_SECONDS)
                if set(KINDS) <= watcher.synced:
                    self._synced.set()
                if changes and self._commit:
                    now = time.monotonic()
                    with self._lock:
                        for sign in self._signs():
                            self._seen.setdefault(sign, now)

    def _signs(self) -> Iterator[str]:
        new = {uid(each) for kind in NEW for each in self._watcher.all(kind)}
        new -= self._before
        for kind in APPLIED:
            for each in self._watcher.all(kind):
                if mapping(each, "metadata", "annotations").get(COMMIT) == self._commit:
                    new.add(uid(each))
                    yield "applied"
                    yield f"{kind} applied"
        for kind in ("Deployment", "ReplicaSet", "Job"):
            for each in self._watcher.all(kind):
                if uid(each) in new:
                    yield from (text(row, "reason") for row in objects(each, "status", "conditions"))
        pods = [pod for pod in self._watcher.all("Pod") if uid(pod) in new]
        for count, _ in enumerate(serving(pods), start=1):
            yield f"{count} ready"
        for pod in pods:
            yield "new pod"
            yield from signs_of(pod)
        for event in self._watcher.all("Event"):
            about = text(event, "involvedObject", "uid")
            fresh = number(event, "count") > self._counts.get(uid(event), -1)
            if fresh and about in new:
                yield text(event, "reason")


def signs_of(pod: Json) -> Iterator[str]:
    """The reasons that a pod's conditions and containers give."""
    yield from (text(row, "reason") for row in objects(pod, "status", "conditions"))
    for field in ("initContainerStatuses", "containerStatuses"):
        for status in objects(pod, "status", field):
            for where in ("state", "lastState"):
                for state in mapping(status, where).values():
                    yield text(state, "reason")
            ended = "terminated" in mapping(status, "state") or "waiting" in mapping(status, "state")
            if number(status, "restartCount") + (1 if ended else 0) >= 2:
                yield "2 exits"


def serving(pods: list[Json]) -> list[str]:
    """The names of those that are ready and not about to go."""
    return [
        name(pod)
        for pod in pods
        if not mapping(pod, "metadata").get("deletionTimestamp")
        and any(
            row.get("type") == "Ready" and row.get("status") == "True"
            for row in objects(pod, "status", "conditions")
        )
    ]
