"""Fixtures: a double in an API server's place that each test tells what to answer, and a connection to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from toolkit.cluster.api.connection import Connection, connect
from toolkit.settings.model import Cluster, Ref

from tests.scripts import api_double
from tests.scripts.api_double import Double


@pytest.fixture
def double() -> Iterator[Double]:
    with api_double.running() as double:
        yield double


@pytest.fixture
def connection(double: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setenv("SERVER", double.url)
    monkeypatch.setenv("TOKEN", "t")
    return connect(Cluster("real", "docker", server=Ref("SERVER"), token=Ref("TOKEN")), "test", tmp_path)
