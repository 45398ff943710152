"""Spaces side by side: each has its connection from a thread of its own, and all from one library."""

from __future__ import annotations

import importlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from toolkit.cluster.api import credentials
from toolkit.settings.model import Cluster, Ref


def test_the_clients_library_is_loaded_by_one_thread_at_a_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two that began at different ends of its circle of imports met it half loaded, and the stage failed."""
    monkeypatch.setenv("C_SERVER", "https://127.0.0.1:1")
    monkeypatch.setenv("C_TOKEN", "a-token-for-tests")
    cluster = Cluster("c", "docker", server=Ref("C_SERVER"), token=Ref("C_TOKEN"))
    inside: list[int] = []
    most: list[int] = []
    gate = threading.Barrier(4)
    real = importlib.import_module

    def slowly(name: str, package: str | None = None) -> Any:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.02)
        inside.pop()
        return real(name, package)

    def load(_: int) -> str:
        gate.wait()
        return credentials.load(cluster, "s", tmp_path).server

    monkeypatch.setattr(credentials.importlib, "import_module", slowly)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(load, range(4))) == {"https://127.0.0.1:1"}
    assert most and max(most) == 1
