"""A port of 127.0.0.1 that nobody has."""

from __future__ import annotations

import contextlib
import random
import socket

# Below those that Linux gives to connections that go out (ip_local_port_range): none of them takes it before
# the service does.
FIRST, LAST = 20000, 32000
_ATTEMPTS = 200


def free() -> int:
    """One that is free at this moment. Raises OSError where none of many is."""
    chosen = random.SystemRandom()
    for _ in range(_ATTEMPTS):
        port = chosen.randint(FIRST, LAST)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(f"no port of 127.0.0.1 between {FIRST} and {LAST} is free")


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
