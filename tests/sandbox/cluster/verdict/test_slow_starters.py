"""Apps that take their time and are well: no probe, however tight, makes a failure of a start.

Each is deployed for real, all of them at once; where kubectl is there, it judges the same rollouts beside.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.platform_double import Ended, Platform, made_in

SECONDS = 300
TIGHT = "periodSeconds: 1\n            failureThreshold: 2"
EVERY_5 = "periodSeconds: 5\n            failureThreshold: 1"
STARTUP = "startupProbe: { tcpSocket: { port: http }, periodSeconds: 1, failureThreshold: 90 }"


class Slow(NamedTuple):
    """One of them: what it does, and what its manifest says beside the usual."""

    title: str
    env: dict[str, str]
    probe: str = TIGHT
    extra: str = ""
    deployment: str = ""
    replicas: int = 1
    said: str = ""


SLOW = {
    "listens-after-8-s": Slow(
        "a probe each second that may fail twice", {"START_DELAY": "8"}, said="has no answer yet"
    ),
    "listens-after-25-s": Slow(
        "a probe every 5 s that may fail once", {"START_DELAY": "25"}, EVERY_5, said="has no answer yet"
    ),
    "warms-up-for-25-s": Slow(
        "it answers 503 meanwhile",
        {"UNREADY_SECONDS": "0-25"},
        EVERY_5,
        said="does not pass: Readiness probe",
    ),
    "one-after-another": Slow(
        "each of three pods waits for the one before", {"START_DELAY": "7", "VERSION": "2"}, replicas=3
    ),
    "startup-probe": Slow(
        "and a warm-up after it", {"START_DELAY": "4", "UNREADY_SECONDS": "0-12"}, extra=STARTUP
    ),
    "flaps": Slow(
        "it is ready, then for 8 s it is not",
        {"UNREADY_SECONDS": "3-11"},
        deployment="minReadySeconds: 5\n  progressDeadlineSeconds",
        said="was ready and is not any more",
    ),
}


def manifest(platform: Platform, slow: Slow) -> None:
    platform.manifest(env=slow.env, extra=slow.extra, replicas=slow.replicas)
    file = platform.folder / "tiny" / "deploy" / "app.yaml"
    text = file.read_text()
    assert TIGHT in text
    text = text.replace(TIGHT, slow.probe)
    file.write_text(text.replace("progressDeadlineSeconds", slow.deployment or "progressDeadlineSeconds"))


def judged(sandbox: Sandbox, folder: Path, slow: Slow) -> tuple[Ended, str]:
    """How it was deployed, and kubectl's verdict on the same rollout ("" without kubectl)."""
    with made_in(sandbox, folder) as platform:
        if slow.replicas > 1:  # a first version that all pods replace one after another
            platform.manifest(replicas=slow.replicas)
            first = platform.deploy()
            assert first.code == 0, first.output
        manifest(platform, slow)
        space, named = f"ns-{platform.one}", f"fb-tiny-app-{platform.one}"
        deploying = platform.start("deploy", "--app", "tiny", "--env", platform.one)
        try:
            path = f"/apis/apps/v1/namespaces/{space}/deployments"
            wanted = 2 if slow.replicas > 1 else 1
            eventually(lambda: generation(sandbox, path) >= wanted, 60)
            told = watched(sandbox, space, named)
            output, _ = deploying.communicate(timeout=150)
        finally:
            deploying.kill()
            deploying.wait()
        return Ended(deploying.returncode, output), told


def watched(sandbox: Sandbox, space: str, named: str) -> str:
    """What `kubectl rollout status` says of a rollout; "" without kubectl."""
    program = shutil.which("kubectl")
    if program is None:
        return ""
    where = [f"--kubeconfig={sandbox.state / 'kubeconfig'}", "-n", space]
    ran = subprocess.run(
        [program, *where, "rollout", "status", f"deployment/{named}", "--timeout=120s"],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    return ran.stdout + ran.stderr


def generation(sandbox: Sandbox, path: str) -> int:
    try:
        items = sandbox.api("GET", path)["items"]
    except OSError:
        return 0
    return max((each["metadata"]["generation"] for each in items), default=0)


@pytest.fixture(scope="module")
def results(
    sandbox: Sandbox, tiny_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[tuple[Ended, str]]]]:
    with ThreadPoolExecutor(len(SLOW)) as executor:
        yield {
            name: executor.submit(judged, sandbox, tmp_path_factory.mktemp(name), slow)
            for name, slow in SLOW.items()
        }


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("name", SLOW)
def test_a_slow_starter_passes_and_is_named_early(
    results: dict[str, Future[tuple[Ended, str]]], name: str
) -> None:
    ended, _ = results[name].result(SECONDS)
    assert ended.code == 0, ended.output
    assert "is rolled out" in ended.output
    assert SLOW[name].said in ended.output, "what it waits for is said long before any deadline"


@pytest.mark.timeout(SECONDS)
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed on this machine")
@pytest.mark.parametrize("name", SLOW)
def test_kubectl_says_the_same(results: dict[str, Future[tuple[Ended, str]]], name: str) -> None:
    ended, told = results[name].result(SECONDS)
    assert "successfully rolled out" in told, told + ended.output
