"""The sandbox's own share: being ready, and rolling out, against the same processes without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests import ROOT
from tests.bench.checkout import Checkout
from tests.bench.measure import Claim, environment, prove
from tests.sandbox.local import Sandbox, eventually

READY_SECONDS = 2.0
READY_ROUNDS = 7
# On a machine that has nothing else to do a bare server answers after about 0.45 s, and 2 s are 4 times that.
MOST_OVER_BARE_SERVER = 4.0
MOST_OVER_ONE_PROCESS = 3.0
ROLLOUT_ROUNDS = 5
SPACE = "test-dev"
NAMESPACE = f"formbuilder-platform-{SPACE}"
API, WORKERS = f"fb-submitter-api-{SPACE}", f"fb-submitter-workers-{SPACE}"

BARE_SERVER = """
import asyncio, sys
from aiohttp import web

async def main():
    application = web.Application()
    application.router.add_get("/", lambda request: web.Response())
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_ready_in_under_two_seconds(tmp_path: Path) -> None:
    state = tmp_path / "state"
    env = environment(SANDBOX_STATE=str(state))

    def sandbox(word: str) -> float:
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "sandbox", word], cwd=ROOT, env=env, check=True, capture_output=True
        )
        return time.monotonic() - began

    def compare() -> list[Claim]:
        up, bare = [], []
        for _ in range(READY_ROUNDS):
            try:
                up.append(sandbox("up"))
            finally:
                sandbox("down")
            bare.append(bare_server(env))
        ready, alone = median(up), median(bare)
        said = "holds" if ready < READY_SECONDS else "not on this machine as busy as it is"
        return [
            Claim(
                f"sandbox up until ready, against a bare aiohttp server (under {READY_SECONDS:g} s: {said})",
                f"{ready:.2f} s (first time, with a new CA: {up[0]:.2f} s), {alone:.2f} s, "
                f"medians of {READY_ROUNDS}",
                ready / alone,
                MOST_OVER_BARE_SERVER,
            )
        ]

    prove(compare)


def bare_server(env: dict[str, str]) -> float:
    """Seconds until a server that does nothing listens."""
    began = time.monotonic()
    with started([sys.executable, "-c", BARE_SERVER], env, ROOT) as server:
        assert server.stdout and server.stdout.readline() == "ready\n"
        return time.monotonic() - began


@contextmanager
def started(argv: list[str], env: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is ended, by its id, when it is not needed any more."""
    process = subprocess.Popen(
        argv, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox of its own in which the submitter, and what it needs, run in one space."""
    checkout = Checkout(tmp_path / "clone")
    env = environment(BRANCH="main")
    env.pop("SANDBOX_STATE", None)
    deploy = checkout.script("deploy", "--app", "submitter", "--env", SPACE)
    try:
        ran = subprocess.run(deploy, cwd=checkout.root, env=env, capture_output=True, text=True, timeout=900)
        assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
        yield Sandbox(checkout.root / ".sandbox")
    finally:
        checkout.sandbox_down(env)


def test_a_rollout_costs_little_more_than_its_processes(deployed: Sandbox) -> None:
    def compare() -> list[Claim]:
        alone, two, all_of_it = [], [], []
        for _ in range(ROLLOUT_ROUNDS):
            alone.append(one_process(*container(deployed)))
            two.append(rollout(deployed, [API]))
            all_of_it.append(rollout(deployed, [API, WORKERS]))
        return [
            Claim(
                f"rollout of {what}, against one process alone until it answers /readiness",
                f"{median(took):.2f} s ({spread(took)}), {median(alone):.2f} s ({spread(alone)}), "
                f"medians of {ROLLOUT_ROUNDS}",
                median(took) / median(alone),
                limit,
            )
            for what, took, limit in (
                ("the submitter's API (2 replicas)", two, MOST_OVER_ONE_PROCESS),
                ("the submitter's API and worker (3 processes)", all_of_it, None),
            )
        ]

    prove(compare)


def spread(seconds: list[float]) -> str:
    return f"{min(seconds):.2f} to {max(seconds):.2f}"


def pods(sandbox: Sandbox) -> list[dict[str, Any]]:
    path = f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=appGroup%3Dfb-submitter"
    found: list[dict[str, Any]] = sandbox.api("GET", path)["items"]
    return found


def container(sandbox: Sandbox) -> tuple[list[str], dict[str, str], Path]:
    """The command, environment and folder of one of the submitter's running containers, from the kernel."""
    uid = next(pod["metadata"]["uid"] for pod in pods(sandbox) if API in pod["metadata"]["name"])
    [state] = (sandbox.state / "pods" / uid / "containers" / "api").glob("*/state.json")
    process = Path("/proc") / str(json.loads(state.read_text())["pid"])
    words = (process / "cmdline").read_text().split("\0")[:-1]
    pairs = (process / "environ").read_text().split("\0")[:-1]
    return words, dict(pair.split("=", 1) for pair in pairs), (process / "cwd").readlink()


def one_process(argv: list[str], env: dict[str, str], folder: Path) -> float:
    """Seconds until that command answers on an address of its own, outside of the sandbox."""
    host = f"127.0.{os.getpid() % 250 + 1}.7"
    began = time.monotonic()
    with started(argv, {**env, "HOST": host}, folder):
        eventually(lambda: answers(f"http://{host}:3000/readiness"), 60)
        return time.monotonic() - began


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def rollout(sandbox: Sandbox, names: Sequence[str]) -> float:
    """Seconds from the first write to the last Deployment's completion, as the API tells it."""
    size = len(pods(sandbox))
    template = {"metadata": {"annotations": {"bench": str(time.time_ns())}}}
    kind = "application/merge-patch+json"
    began = time.monotonic()
    for name in names:
        sandbox.api("PATCH", deployment(name), {"spec": {"template": template}}, kind)
    for name in names:
        sandbox.wait(deployment(name), complete, 120)
    took = time.monotonic() - began
    eventually(lambda: len(pods(sandbox)) == size, 90)  # the old ones must not cost the next one time
    return took


def deployment(name: str) -> str:
    return f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}"


def complete(obj: dict[str, Any]) -> bool:
    """As kubectl's `rollout status` has it."""
    status, wanted = obj["status"], obj["spec"]["replicas"]
    counts = {status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")}
    return counts == {wanted} and status.get("observedGeneration") == obj["metadata"]["generation"]
