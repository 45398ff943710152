"""Fixtures of unit tests: a double of all that an app talks to, on loopback, one server for the session.

The suite's own fixture `double`, of the session, makes it.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from fb_testing.servers import serving


class Double(Protocol):
    """url: where it is served."""

    url: str

    def app(self) -> Any:
        """What it serves, by ASGI."""

    def reset(self) -> None:
        """Forget what a test did and wanted of it."""


@pytest.fixture(scope="session")
def running_others(double: Double) -> Iterator[Double]:
    with serving(double.app()) as double.url:
        yield double


@pytest.fixture
def others(running_others: Double) -> Double:
    """As it is when nothing has happened yet."""
    running_others.reset()
    return running_others
