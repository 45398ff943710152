"""The sandbox ring: a real daemon, a real API, real processes."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.sandbox.local import TINY, Sandbox


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
