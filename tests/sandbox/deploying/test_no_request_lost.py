"""A good rolling update of a real app, under load: no request is lost, and its manifests are what does it."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.reference import Repository

pytestmark = pytest.mark.timeout(600)  # the first image takes its requirements from the registry

APP = "service-token-cache"
PATH = "/service/v2/pipeline-check"


def release(repository: Repository, version: str) -> None:
    """Change the app so that its answers say which release they are from, and deploy it."""
    call = r"JSONResponse\(\{\"token\": key\}.*\)"
    said = f'JSONResponse({{"token": key}}, headers={{"X-Release": "{version}"}})'
    repository.change(f"{APP}/token_cache/api.py", call, said)
    repository.deploy(APP)


class Load:
    """Clients of one address: some keep their connection, some make a new one for each request.

    None of them tries anything again: what fails once has failed.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.answers: Counter[str] = Counter()  # release -> answers
        self.lost: list[str] = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        # (keeps its connection, seconds between its requests). The slow one idles for as long as clients
        # usually keep a connection that they do not use.
        kinds = [(True, 0.03)] * 3 + [(False, 0.03)] * 3 + [(True, 4.0)] * 2
        self._threads = [threading.Thread(target=self._ask, args=kind, daemon=True) for kind in kinds]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self, keeps: bool, pause: float) -> None:
        client = http.client.HTTPConnection(self.address, 80, timeout=20)
        while not self._stop.wait(pause):
            try:
                client.request("GET", PATH)
                answer = client.getresponse()
                body = answer.read()
                good = answer.status == 200 and "token" in json.loads(body)
                said = "" if good else f"{answer.status} {body[:200]!r}"
            except (OSError, http.client.HTTPException) as error:
                said = f"{type(error).__name__}: {error} ({'kept' if keeps else 'new'} connection)"
                client.close()
            with self._lock:
                if said:
                    self.lost.append(said)
                else:
                    self.answers[answer.headers["X-Release"]] += 1
            if not keeps:
                client.close()
        client.close()


@pytest.fixture
def repository(sandbox: Sandbox, tmp_path: Path) -> Iterator[Repository]:
    made = Repository(tmp_path / "a repository", sandbox.state)
    yield made
    made.clean_up(sandbox)


def update_under_load(repository: Repository, sandbox: Sandbox, before: str, after: str) -> Load:
    """Release `before`, then `after` while clients ask, until nothing of the old one is left."""
    release(repository, before)
    pods = f"/api/v1/namespaces/{repository.namespace}/pods"
    old = {pod["metadata"]["uid"] for pod in sandbox.api("GET", pods)["items"]}
    service = f"/api/v1/namespaces/{repository.namespace}/services/fb-{APP}-{repository.space}"
    with Load(sandbox.api("GET", service)["spec"]["clusterIP"]) as load:
        eventually(lambda: load.answers[before] > 50)
        release(repository, after)
        eventually(lambda: not old & {p["metadata"]["uid"] for p in sandbox.api("GET", pods)["items"]}, 60)
        served = load.answers[after]
        eventually(lambda: load.answers[after] > served + 50)
    return load


def test_a_rolling_update_loses_no_request(repository: Repository, sandbox: Sandbox) -> None:
    load = update_under_load(repository, sandbox, "1", "2")
    assert load.lost == []
    assert set(load.answers) == {"1", "2"}
    assert sum(load.answers.values()) > 300


def without_readiness(repository: Repository) -> None:
    manifest = f"{APP}/deploy/deployment.yaml"
    repository.change(manifest, r".*(startup|readiness)Probe:.*\n", "")


def without_farewell(repository: Repository) -> None:
    """As uvicorn stops by itself: connections that idle are closed at once."""
    repository.change("shared/fb_platform/server.py", r"LINGER = \d+", "LINGER = 0")


def without_graceful_stop(repository: Repository) -> None:
    without_farewell(repository)
    repository.change(f"{APP}/deploy/deployment.yaml", r" *lifecycle:.*\n *preStop:.*\n", "")


@pytest.mark.parametrize("spoil", [without_readiness, without_farewell, without_graceful_stop])
def test_without_what_the_manifests_and_the_server_do_requests_are_lost(
    repository: Repository, sandbox: Sandbox, spoil: Callable[[Repository], None]
) -> None:
    """That the test above can fail."""
    spoil(repository)
    load = update_under_load(repository, sandbox, "1", "2")
    assert load.lost, dict(load.answers)
