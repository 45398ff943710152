"""The pure ring: no network and no other program, so that a test here can only fail for its own reason."""

from __future__ import annotations

import socket
import subprocess
from typing import Any, NoReturn

import pytest


class Forbidden(AssertionError):
    """A test of the pure ring reached for the outside."""


@pytest.fixture(autouse=True)
def _no_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise Forbidden("a pure test may not use the network or start a program")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "bind", refuse)
    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
