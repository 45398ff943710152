"""A deployment that changes nothing: requests and time, beside `kubectl apply` of the same files."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from threading import Event
from typing import Any, NamedTuple

import pytest
from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import connect
from toolkit.cluster.release import lock, ordering
from toolkit.cluster.release.apply import apply, autoscaled
from toolkit.deploying import change
from toolkit.objects import manifests
from toolkit.settings.config import Config
from toolkit.settings.model import App, Cluster

from tests.bench import relay
from tests.bench.checkout import Checkout
from tests.bench.measure import Claim, environment, prove
from tests.bench.relay import Relay
from tests.sandbox.local import Sandbox

SPACE = "test-dev"
APP = "submitter"
ROUNDS = 7
MOST_APPLY_TIME = 1.0  # of kubectl's, client-side or server-side
MOST_APPLY_REQUESTS = 1.25
MOST_DEPLOY_TIME = 30.0  # lock, record, images, preflight and the verdict besides, and four Python programs

# A line of `kubectl -v=6`, of today's or of newer ones.
SENT = re.compile(r'round_trippers.*(?:\] |verb=")(GET|POST|PUT|PATCH|DELETE)')

COUNTED = """
[clusters.counted]
builder = "sandbox"
provision = true
kubeconfig = "{kubeconfig}"
"""


class Deployed(NamedTuple):
    """A clone in whose sandbox the submitter runs, and what of it is applied."""

    checkout: Checkout
    env: dict[str, str]
    direct: Path
    counted: Path
    relay: Relay
    app: App
    found: list[dict[str, Any]]

    def cluster(self, kubeconfig: Path) -> Cluster:
        return Cluster("bench", "docker", kubeconfig=kubeconfig)

    @property
    def namespace(self) -> str:
        return self.app.namespace_in(SPACE)


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployed]:
    checkout = Checkout(tmp_path / "clone")
    counted = tmp_path / "counted"
    with (checkout.root / "apps.toml").open("a") as config:
        config.write(COUNTED.format(kubeconfig=counted))
    # What the API server fills in belongs to whoever applied it first: said in full, two may apply the same.
    for file in (checkout.root / "apps" / APP / "deploy").glob("*.yaml"):
        text = file.read_text().replace("fieldRef: { fieldPath", "fieldRef: { apiVersion: v1, fieldPath")
        file.write_text(text)
    checkout.commit("a cluster whose requests are counted, templates that others may apply too")
    env = environment(BRANCH="main")
    env.pop("SANDBOX_STATE", None)
    try:
        run(deploy(checkout), checkout.root, env)
        sandbox = Sandbox(checkout.root / ".sandbox")
        direct = sandbox.state / "kubeconfig"
        with Relay(sandbox.details["plain"]) as counter:
            relay.kubeconfig(direct, counter.url, counted)
            app = Config.load(checkout.root / "apps.toml").app(APP)
            yield Deployed(checkout, env, direct, counted, counter, app, rendered(app, sandbox))
    finally:
        checkout.sandbox_down(env)


def deploy(checkout: Checkout, *words: str) -> list[str]:
    return checkout.script("deploy", "--app", APP, "--env", SPACE, *words)


def run(argv: list[str], folder: Path, env: dict[str, str]) -> None:
    """Run a program to its end, which must be a good one."""
    ran = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=900)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]


def rendered(app: App, sandbox: Sandbox) -> list[dict[str, Any]]:
    """The objects as they were deployed: the same images, version and commit."""
    path = f"/apis/apps/v1/namespaces/{app.namespace_in(SPACE)}/deployments?labelSelector=appGroup%3Dfb-{APP}"
    live = sandbox.api("GET", path)["items"]
    containers = [each for obj in live for each in obj["spec"]["template"]["spec"]["containers"]]
    about = live[0]["metadata"]["annotations"]
    given = manifests.values(
        app,
        SPACE,
        "test",
        {each["name"]: each["image"] for each in containers},
        version=about[manifests.VERSION],
        commit=about[manifests.COMMIT],
        provision=True,
    )
    return manifests.render(app, given)


def applying(it: Deployed, kubeconfig: Path) -> None:
    """The apply step, connection and all."""
    connection = connect(it.cluster(kubeconfig), SPACE, it.checkout.root, namespace=it.namespace)
    ordering.check_kinds(connection, it.found)
    scaled = autoscaled(connection, it.namespace, it.found)
    for phase in ordering.phases(it.found):
        apply(connection, phase, scaled=scaled)


def with_verdict(it: Deployed, kubeconfig: Path) -> None:
    """The same, and the verdict on what became of it, as a deployment does it under its lock."""
    connection = connect(it.cluster(kubeconfig), SPACE, it.checkout.root, namespace=it.namespace)
    space = Space(SPACE, lambda _: None, Event())
    direct = connect(it.cluster(it.direct), SPACE, it.checkout.root)
    with lock.held(direct, it.namespace, APP, run="bench", who="bench", space=space, wait=10) as held:
        verdict = change.put(connection, it.app, it.namespace, it.found, space, held)
    assert verdict.outcome.passed, verdict.outcome


class Kubectl(NamedTuple):
    """`kubectl apply` of the same objects; its cache of what the server serves is its own."""

    it: Deployed
    folder: Path
    cache: Path
    words: tuple[str, ...]

    def run(self, *more: str) -> str:
        """Run it to its end, which must be a good one; what it said on stderr."""
        program = shutil.which("kubectl")
        assert program
        config = ["--kubeconfig", str(self.it.direct), "--cache-dir", str(self.cache)]
        argv = [program, *config, "apply", "--filename", str(self.folder), *self.words, *more]
        ran = subprocess.run(argv, env=self.it.env, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, ran.stderr
        return ran.stderr

    def took(self) -> float:
        """Seconds of a run."""
        return timed(self.run)

    def requests(self) -> list[str]:
        """The requests that it logs. It gives no token to a server without TLS, so a relay cannot count."""
        return [line for line in self.run("-v=6").splitlines() if SENT.search(line)]


class Ours(NamedTuple):
    """One of our ways."""

    it: Deployed
    work: Callable[[Deployed, Path], None]

    def took(self) -> float:
        """Seconds of a run."""
        return timed(lambda: self.work(self.it, self.it.direct))

    def requests(self) -> list[str]:
        """The requests of a run, as a relay sees them."""
        self.it.relay.requests()
        self.work(self.it, self.it.counted)
        return self.it.relay.requests()


def whole(it: Deployed, kubeconfig: Path) -> None:
    """The stage as it is run."""
    cluster = ("--cluster", "counted") if kubeconfig == it.counted else ()
    run(deploy(it.checkout, *cluster), it.checkout.root, it.env)


def timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def test_a_deployment_that_changes_nothing(deployed: Deployed, tmp_path: Path) -> None:
    it = deployed
    files = tmp_path / "files"
    files.mkdir()
    for number, obj in enumerate(it.found):
        (files / f"{number}.json").write_text(json.dumps(obj))
    kinds = [f"{obj['kind']}/{obj['metadata']['name']}" for obj in it.found]
    ways: dict[str, Ours | Kubectl] = {
        "apply": Ours(it, applying),
        "apply and verdict": Ours(it, with_verdict),
        "scripts/deploy.py": Ours(it, whole),
    }
    theirs = {"kubectl apply": (), "kubectl apply --server-side": ("--server-side",)}
    if shutil.which("kubectl") is None:
        print("\n  kubectl is not installed on this machine: nothing to compare with", end="")
        theirs = {}
    for name, words in theirs.items():
        ways[name] = Kubectl(it, files, tmp_path / name, words)

    cold = {name: way.requests() for name, way in ways.items()}

    def compare() -> list[Claim]:
        counts = {name: way.requests() for name, way in ways.items()}
        before = state(it)
        seen: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                seen[name].append(way.took())
        assert state(it) == before, "something was changed"
        took = {name: median(seconds) for name, seconds in seen.items()}
        print(
            f"\n  applying {len(kinds)} unchanged objects ({', '.join(kinds)}), medians of {ROUNDS}:", end=""
        )
        for name in ways:
            # A machine of a CI system has none of the cache that kubectl keeps of what the server serves.
            first = f" ({len(cold[name])} without its cache)" if name in theirs else ""
            print(f"\n    {name}: {len(counts[name])} requests{first}, {took[name]:.3f} s", end="")
        return [claim for name in theirs for claim in claims(name, counts, took)]

    prove(compare)


def state(it: Deployed) -> list[tuple[str, str]]:
    """What would be another if a workload had been changed."""
    connection = connect(it.cluster(it.direct), SPACE, it.checkout.root)
    live = [connection.get(connection.path_of(obj)) for obj in it.found]
    return [(each["metadata"]["name"], json.dumps(each.get("spec"), sort_keys=True)) for each in live]


def claims(name: str, counts: dict[str, list[str]], took: dict[str, float]) -> list[Claim]:
    made = []
    for ours, limits in (
        ("apply", (MOST_APPLY_REQUESTS, MOST_APPLY_TIME)),
        ("apply and verdict", (None, None)),
        ("scripts/deploy.py", (None, MOST_DEPLOY_TIME)),
    ):
        requests = (len(counts[ours]), len(counts[name]))
        measured = "{} and {} requests".format(*requests)
        made.append(Claim(f"{ours}, against {name}", measured, requests[0] / requests[1], limits[0]))
        measured = f"{took[ours]:.3f} s, {took[name]:.3f} s"
        made.append(Claim(f"{ours}, against {name}", measured, took[ours] / took[name], limits[1]))
    return made
