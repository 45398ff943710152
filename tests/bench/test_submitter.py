"""The submitter under load: how much it takes and sends, and that nothing is lost while it is replaced."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from toolkit.checks import venvs
from toolkit.settings.config import Config

from tests import ROOT
from tests.bench.measure import Claim, environment, prove
from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.reference import Repository

APP = "submitter"
CLIENTS = 4
PATH = "/v2/submissions"
UNDISTURBED, BARE = 6.0, 4.0  # seconds
DELIVERY_SECONDS = 180
# A new set of pods starts on the same two processors that serve the load, and the old one says goodbye.
LEAST_WHILE_REPLACED = 0.25
# A token checked, a submission decrypted and held against its schema, and the workers sending all the while.
LEAST_OF_BARE = 0.05


class Taken(NamedTuple):
    """What the clients saw: [monotonic seconds, id] of what was accepted, and what was not."""

    accepted: list[tuple[float, str]]
    refused: list[str]

    def rate(self, since: float, until: float) -> float:
        """Accepted per second between two times."""
        return sum(since <= at < until for at, _ in self.accepted) / (until - since)


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[tuple[Repository, Sandbox]]:
    """The submitter and what it needs, deployed on a sandbox of its own."""
    sandbox = Sandbox(tmp_path / "state")
    sandbox.run("up")
    try:
        repository = Repository(tmp_path / "repository", sandbox.state)
        repository.deploy(APP)
        yield repository, sandbox
    finally:
        sandbox.run("down")


def secret(sandbox: Sandbox, namespace: str, name: str, key: str) -> str:
    found = sandbox.api("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}")
    return base64.b64decode(found["data"][key]).decode()


@contextlib.contextmanager
def python(script: str, *words: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """A script beside this file, run by the submitter's Python; ended on leaving, should it run still."""
    interpreter = venvs.python_for(Config.load(ROOT / "apps.toml").app(APP), ROOT)
    process = subprocess.Popen(
        [interpreter, Path(__file__).with_name(script), *words],
        env=environment(PYTHONPATH=str(ROOT / "apps/shared"), **env),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def taken(process: subprocess.Popen[str]) -> Taken:
    """Stop the clients; what they saw."""
    found = json.loads(process.communicate(timeout=90)[0])
    return Taken([(at, identity) for at, identity in found["accepted"]], found["refused"])


def service(repository: Repository, sandbox: Sandbox, name: str) -> str:
    path = f"/api/v1/namespaces/{repository.namespace}/services/{name}-{repository.space}"
    return str(sandbox.api("GET", path)["spec"]["clusterIP"])


def bare(folder: Path, keys: dict[str, str]) -> float:
    """Accepted per second by the least that could take a submission."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def listens() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    with python("bare_api.py", str(folder / f"bare-{time.time_ns()}.db"), str(port)):
        eventually(listens)
        with python("submitting.py", f"127.0.0.1:{port}", PATH, str(CLIENTS), **keys) as clients:
            until(BARE)
            seen = taken(clients)
    assert seen.refused == []
    first, last = seen.accepted[0][0], seen.accepted[-1][0]
    return seen.rate(first, last)


def until(seconds: float) -> None:
    """Let the load go on for as long as it is measured."""
    end = time.monotonic() + seconds
    eventually(lambda: time.monotonic() > end, seconds + 5)


def arrived(outbox: str, recipient: str) -> list[str]:
    """The ids of the submissions whose mail has arrived, one for each mail."""
    with urllib.request.urlopen(f"http://{outbox}/messages?to={recipient}", timeout=60) as answer:
        mails: list[dict[str, Any]] = json.load(answer)
    return [mail["subject"].partition("{")[2].partition("}")[0] for mail in mails]


def test_nothing_is_lost_while_it_is_replaced_under_load(
    repository: tuple[Repository, Sandbox], tmp_path: Path
) -> None:
    copy, sandbox = repository
    keys = {
        "SERVICE_SLUG": "pipeline-check",
        "SERVICE_NAMESPACE": copy.services,
        "SERVICE_PRIVATE_KEY": secret(sandbox, copy.namespace, f"fb-pipeline-check-{copy.space}", "private"),
        "SUBMISSION_KEY": secret(
            sandbox, copy.namespace, f"fb-submitter-secrets-{copy.space}", "SUBMISSION_DECRYPTION_KEY"
        ),
    }
    api, outbox = (service(copy, sandbox, name) for name in ("fb-submitter-api", "fb-outbox"))
    pods = f"/api/v1/namespaces/{copy.namespace}/pods?labelSelector=appGroup%3Dfb-submitter"

    def running() -> set[str]:
        return {pod["metadata"]["uid"] for pod in sandbox.api("GET", pods)["items"]}

    def compare() -> list[Claim]:
        recipient = f"{time.time_ns()}@bench.example"
        alone = bare(tmp_path, {**keys, "RECIPIENT": recipient})
        old = running()
        with python("submitting.py", api, PATH, str(CLIENTS), RECIPIENT=recipient, **keys) as clients:
            until(1.0)
            began = time.monotonic()
            until(UNDISTURBED)
            replacing = time.monotonic()
            copy.deploy(APP, RESTART="1")
            eventually(lambda: not old & running(), 90)
            replaced = time.monotonic()
            until(2.0)
            seen = taken(clients)
        stopped = time.monotonic()
        accepted = [identity for _, identity in seen.accepted]
        eventually(lambda: set(accepted) <= set(arrived(outbox, recipient)), DELIVERY_SECONDS)
        done = time.monotonic()
        mails = Counter(arrived(outbox, recipient))
        twice = [identity for identity, times in mails.items() if times > 1]
        assert seen.refused == [], f"{len(seen.refused)} were not taken: {seen.refused[:3]}"
        assert twice == [], f"{len(twice)} of {len(accepted)} were delivered more than once"
        assert set(mails) == set(accepted), "something arrived that was never accepted"
        before, during = seen.rate(began, replacing), seen.rate(replacing, replaced)
        sent = len(accepted) / (done - seen.accepted[0][0])
        behind = f"the last one {done - stopped:.1f} s after the last submission"
        return [
            Claim(
                "submissions that arrived exactly once, of those accepted",
                f"{len(mails)} of {len(accepted)}",
                len(mails) / len(accepted),
                1.0,
                at_least=True,
            ),
            Claim(
                "accepted while it is replaced, against before",
                f"{during:.0f}/s for {replaced - replacing:.0f} s, {before:.0f}/s",
                during / before,
                LEAST_WHILE_REPLACED,
                at_least=True,
            ),
            Claim(
                "accepted, against a bare starlette with SQLite",
                f"{before:.0f}/s, {alone:.0f}/s",
                before / alone,
                LEAST_OF_BARE,
                at_least=True,
            ),
            Claim(
                "delivered, against accepted",
                f"{sent:.0f}/s, {seen.rate(seen.accepted[0][0], stopped):.0f}/s; {behind}",
                sent / seen.rate(seen.accepted[0][0], stopped),
                None,
            ),
        ]

    prove(compare, attempts=2)
