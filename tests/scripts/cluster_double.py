"""A cluster of a few objects behind the API double: list, watch and get as an API server does, and faults.

The objects are those of the diagnosis cases; a test puts them in, changes them, and breaks the server.
"""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.verdict import rollout

from tests import ROOT
from tests.scripts.api_double import Double, Request

Json = dict[str, Any]
CASES = ROOT / "tests" / "pure" / "cases" / "diagnosis"


def case(name: str) -> list[Json]:
    """The objects of a diagnosis case."""
    return list(json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))["objects"])


def applied(name: str = "healthy") -> Json:
    """A case's Deployment as the answer to its apply: nothing of it has happened yet."""
    deployment = case(name)[0]
    deployment["status"] = {"observedGeneration": deployment["metadata"]["generation"] - 1}
    return deployment


def plural(kind: str) -> str:
    """As a path spells it."""
    return kind.lower() + ("es" if kind.endswith("s") else "s")


def is_chosen(obj: Json, query: dict[str, str]) -> bool:
    """Whether a list with this selector has the object; all of them are of the app that is asked for."""
    pairs = [each.partition("=") for each in query.get("labelSelector", "").split(",") if each]
    labels = obj["metadata"].get("labels", {})
    return all(labels.get(key) == value for key, _, value in pairs if key != "appGroup")


class Cluster:
    """What the server knows, and what is wrong with it."""

    def __init__(self, double: Double) -> None:
        self.double = double
        self.changed = threading.Condition()
        self.version = 100
        self.objects: dict[str, dict[str, Json]] = {}
        self.history: list[tuple[int, str, str, Json]] = []
        self.oldest = 0
        # Faults
        self.down = False  # every connection breaks
        self.breaks = 0  # how often that began: a stream that slept through it breaks all the same
        self.silent = False  # streams are opened and nothing is ever written
        self.drop_after = 0  # a stream breaks after so many events
        self.refuse: Callable[[Request], bool] = lambda request: False
        self.served: dict[str, list[Json]] = {}  # what groups of custom resources hold
        double.answer = self.answer

    def put(self, *objects: Json) -> None:
        """Create or change objects."""
        with self.changed:
            for obj in copy.deepcopy(list(objects)):
                self.version += 1
                obj["metadata"].setdefault("uid", obj["metadata"]["name"])
                obj["metadata"]["resourceVersion"] = str(self.version)
                kind = plural(obj["kind"])
                known = self.objects.setdefault(kind, {})
                what = "MODIFIED" if obj["metadata"]["name"] in known else "ADDED"
                known[obj["metadata"]["name"]] = obj
                self.history.append((self.version, kind, what, obj))
            self.changed.notify_all()

    def become(self, name: str) -> None:
        """Exactly the objects of a case."""
        objects = case(name)
        wanted = {(plural(obj["kind"]), obj["metadata"]["name"]) for obj in objects}
        with self.changed:
            for kind, known in self.objects.items():
                for gone in [each for each in known if (kind, each) not in wanted]:
                    self.version += 1
                    self.history.append((self.version, kind, "DELETED", known.pop(gone)))
        self.put(*objects)

    def fault(self, **faults: Any) -> None:
        """Set faults; open streams take note."""
        with self.changed:
            for name, value in faults.items():
                setattr(self, name, value)
            self.breaks += self.down
            self.changed.notify_all()

    def forget(self) -> None:
        """Lose the history: a watch from before is answered with 410."""
        self.fault(oldest=self.version + 1, down=True)
        self.fault(down=False)

    def answer(self, request: Request) -> None:
        if self.down:
            request.drop()
            return
        if self.refuse(request):
            return
        if request.path == "/version":
            request.json({"major": "1"})
            return
        if request.path in self.served:
            request.json({"resources": self.served[request.path]})
            return
        parts = request.path.removeprefix("/api/v1/nodes").split("/namespaces/ns/")[-1].split("/")
        if request.path.startswith("/api/v1/nodes"):
            parts[0] = "nodes"
        if len(parts) == 2:
            obj = self.objects.get(parts[0], {}).get(parts[1])
            request.json(obj) if obj else request.status(404, "not found")
        elif len(parts) > 2:
            request.raw(b"the last words\n")
        elif request.query.get("watch"):
            self._stream(request, parts[0], int(request.query["resourceVersion"]))
        else:
            with self.changed:
                items = [
                    obj for obj in self.objects.get(parts[0], {}).values() if is_chosen(obj, request.query)
                ]
                answer = {"metadata": {"resourceVersion": str(self.version)}, "items": items}
            request.json(answer)

    def _stream(self, request: Request, kind: str, version: int) -> None:
        if version < self.oldest:
            request.status(410, "too old resource version")
            return
        request.begin()
        sent, place, breaks = 0, 0, self.breaks
        while not self.double.ended.is_set():
            with self.changed:
                news = [row for row in self.history[place:] if row[0] > version and row[1] == kind]
                place = len(self.history)
                if not news or self.silent:
                    self.changed.wait(0.2)
            if self.down or self.breaks > breaks:
                request.drop()
                return
            for number, _, what, obj in [] if self.silent else news:
                request.chunk({"type": what, "object": obj})
                version, sent = number, sent + 1
                if self.drop_after and sent >= self.drop_after:
                    request.drop()
                    return


class Following:
    """A rollout that is being followed in a thread."""

    def __init__(self, future: Future[rollout.Verdict], said: list[str], stop: threading.Event) -> None:
        self.future = future
        self.said = said
        self._stop = stop

    def verdict(self, seconds: float = 120) -> rollout.Verdict:
        """How it ended; raises what it raised."""
        return self.future.result(seconds)

    def stop(self) -> None:
        """Interrupt it."""
        self._stop.set()


@contextmanager
def following(connection: Connection, *objects: Json, deadline: float = 100) -> Iterator[Following]:
    """Follow the rollout of these objects while the block runs."""
    said: list[str] = []
    stop = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        space = Space("s", said.append, stop)
        selector = "appGroup=fb-submitter"
        future = executor.submit(
            rollout.follow, connection, "ns", selector, list(objects), space, deadline=deadline
        )
        try:
            yield Following(future, said, stop)
        finally:
            stop.set()


def eventually(check: Callable[[], Any], seconds: float = 60) -> None:
    """Until that holds; for what a thread of the toolkit does."""
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.02)
