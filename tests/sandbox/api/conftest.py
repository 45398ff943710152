"""One server for a module's tests; each test works in a namespace of its own.

The server is a sandbox's, or, with KUBERNETES_TEST_CONFIG, a real one: `api` is whichever it is. What is
about the sandbox's own inside takes `sandbox_api`, what needs a server of its own `own_api`; both are left
out by name on a real one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.api.real import VARIABLE, Real, named
from tests.sandbox.api.running import Running
from tests.sandbox.api.served import Api


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The shared server."""
    folder, config = tmp_path_factory.mktemp("state"), named()
    if config is not None:
        real = Real(config, folder)
        yield real
        real.close()
        return
    running = Running(folder)
    yield running
    running.stop()
    running.http.close()


@pytest.fixture
def sandbox_api(api: Api) -> Running:
    """The shared server where it is a sandbox's."""
    if not isinstance(api, Running):
        pytest.skip(f"about the sandbox's own inside, and {VARIABLE} names a cluster")
    return api


@pytest.fixture
def namespace(api: Api) -> str:
    """A new namespace in the shared server."""
    return api.namespace()


@pytest.fixture
def own_api(tmp_path: Path) -> Iterator[Running]:
    """A server for one test: small memory of changes, frequent bookmarks."""
    if named() is not None:
        pytest.skip(f"needs a server of its own, and {VARIABLE} names a cluster")
    running = Running(tmp_path / "state of it", history=50, bookmark_seconds=0.2)
    yield running
    running.stop()
    running.http.close()
