"""Addresses of pods."""

from __future__ import annotations

import pytest

from sandbox.node.network.addresses import PodAddresses


def test_addresses_are_not_reused_soon_and_never_twice() -> None:
    addresses = PodAddresses(9)
    first, second = addresses.take(), addresses.take()
    assert (first, second) == ("127.9.1.1", "127.9.1.2")
    addresses.release(first)
    assert addresses.take() == "127.9.1.3"
    assert addresses.claim("127.9.1.1") and not addresses.claim("127.9.1.1")
    assert not addresses.claim("127.8.1.1") and not addresses.claim("127.9.128.1")


def test_addresses_run_out_and_skip_what_looks_like_a_broadcast() -> None:
    addresses = PodAddresses(9)
    taken = set()
    with pytest.raises(RuntimeError, match="no pod address is free"):
        while True:
            taken.add(addresses.take())
    assert len(taken) == 127 * 254
    assert not any(address.endswith((".0", ".255")) for address in taken)
