"""The sandbox ring: a real daemon, a real API, real processes."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from toolkit.cluster.api.connection import Connection
from toolkit.drills.grounds.sandbox import Sandbox as Ground
from toolkit.settings.config import Config

from tests import ROOT, drilling
from tests.sandbox import platform_double
from tests.sandbox.local import TINY, Sandbox
from tests.sandbox.platform_double import Platform
from tests.sandbox.templates import connected
from tests.sandbox.watch import watched

LANES = 3  # of drills


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox, shared by the session; its path has a space in it."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sand box") / "state")
    sandbox.run("up")
    yield sandbox
    ended = sandbox.run("down")
    assert "stopped" in ended.stdout


@pytest.fixture(scope="session")
def tiny_image(sandbox: Sandbox) -> str:
    """An image of tiny/app.py, by digest."""
    return sandbox.build("tiny", TINY)


@pytest.fixture
def namespace(sandbox: Sandbox) -> Iterator[str]:
    """A fresh namespace, deleted afterwards."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    sandbox.api("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    sandbox.api("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def kubectl(sandbox: Sandbox, namespace: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`kubectl words...` in the test's namespace; input= goes to its standard input, check=False allows
    failure."""
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed on this machine")

    def call(*words: str, input: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            [program, "--kubeconfig", str(sandbox.state / "kubeconfig"), "--namespace", namespace, *words],
            input=input, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert not check or ran.returncode == 0, ran.stdout + ran.stderr
        return ran

    return call


@pytest.fixture
def connection(sandbox: Sandbox) -> Connection:
    """The toolkit's own connection."""
    return connected(sandbox)


@pytest.fixture
def platform(sandbox: Sandbox, tmp_path: Path) -> Iterator[Platform]:
    """A repository of the tiny app, and spaces that only this test knows."""
    with platform_double.made_in(sandbox, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def watched_platform(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A repository for a module's tests of the watch."""
    with platform_double.made_in(sandbox, tmp_path_factory.mktemp("watch")) as made:
        yield made


@pytest.fixture
def deployed(watched_platform: Platform, sandbox: Sandbox) -> Platform:
    """Two pods that never restarted, deployed."""
    watched.renew(watched_platform, sandbox)
    return watched.deploy(watched_platform)


@pytest.fixture
def watching(watched_platform: Platform) -> Iterator[watched.Start]:
    """Starts watches, and ends them with the test."""
    with watched.starting(watched_platform) as start:
        yield start


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[drilling.Results]:
    """The drills that the module's selected tests want, under way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_STATE", str(sandbox.state))
        ground = Ground(Config.load(ROOT / "apps.toml").cluster("sandbox"), sandbox.state)
        yield from drilling.running(request, ground, tmp_path_factory.mktemp("drills"), lanes=LANES)
