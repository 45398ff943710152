"""One server for a module's tests; each test works in a namespace of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.api.running import Running


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The shared server."""
    running = Running(tmp_path_factory.mktemp("state"))
    yield running
    running.stop()
    running.http.close()


@pytest.fixture
def namespace(api: Running) -> str:
    """A new namespace in the shared server."""
    return api.namespace()


@pytest.fixture
def own_api(tmp_path: Path) -> Iterator[Running]:
    """A server for one test: small memory of changes, frequent bookmarks."""
    running = Running(tmp_path / "state of it", history=50, bookmark_seconds=0.2)
    yield running
    running.stop()
    running.http.close()
