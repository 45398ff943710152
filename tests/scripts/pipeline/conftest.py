"""What tests of whole runs have: a repository whose stages are shell scripts, and a channel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripts.alerting.webhook import Webhook
from tests.scripts.scripted import Scripted


@pytest.fixture
def run(tmp_path: Path) -> Scripted:
    return Scripted(tmp_path)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    server = Webhook()
    yield server
    server.close()
