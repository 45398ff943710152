"""What a probe asks and how it tells what it saw."""

from __future__ import annotations

import pytest

from sandbox.node.probes.handlers import dial_words, port_of


@pytest.mark.parametrize(("port", "number"), [(80, 80), ("80", 80), ("http", 3000)])
def test_ports_by_number_and_name(port: int | str, number: int) -> None:
    assert port_of(port, {"http": 3000}) == number


@pytest.mark.parametrize("port", ["web", 0, 70000, None])
def test_ports_that_are_none(port: object) -> None:
    with pytest.raises(ValueError, match="port"):
        port_of(port, {"http": 3000})


def test_a_refused_connection_in_the_words_of_go() -> None:
    assert dial_words("127.9.1.1", 3000, ConnectionRefusedError(111, "Connect call failed")) == (
        "dial tcp 127.9.1.1:3000: connect: connection refused"
    )
