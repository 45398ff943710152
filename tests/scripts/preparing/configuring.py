"""What tests of preparing share: an app with a table of its own, and waiting for what must come."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.scripts.tiny_app import Repository


def configure(repo: Repository, table: str) -> None:
    """An app without a language, with this table of its own."""
    repo.configure()
    with (repo.root / "apps.toml").open("a", encoding="utf-8") as file:
        file.write(table)


def until(what: str, is_so: Callable[[], bool]) -> None:
    """Wait until it is so; what: said where that does not come."""
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
