"""The scripts ring: processes, and servers on 127.0.0.1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from toolkit.cluster.api.connection import Connection, connect
from toolkit.settings.model import Cluster as Model
from toolkit.settings.model import Ref

from tests.scripts import api_double
from tests.scripts.alerting.webhook import Webhook
from tests.scripts.cluster_double import Cluster


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A channel that takes what is sent to it."""
    server = Webhook()
    yield server
    server.close()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A cluster of a few objects, which a test may break."""
    with api_double.running() as server:
        yield Cluster(server)


@pytest.fixture
def connection(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Connection:
    """A connection to it, by the variables C_SERVER and C_TOKEN."""
    monkeypatch.setenv("C_SERVER", cluster.double.url)
    monkeypatch.setenv("C_TOKEN", "a-token-for-tests")
    return connect(Model("c", "docker", server=Ref("C_SERVER"), token=Ref("C_TOKEN")), "s", tmp_path)
