"""What most tests of connections have: a server with a certificate of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scripts import api_double
from tests.scripts.api_double import Double


@pytest.fixture
def double() -> Iterator[Double]:
    with api_double.running(tls=True) as server:
        yield server
