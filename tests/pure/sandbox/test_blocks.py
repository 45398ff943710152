"""Which address blocks a sandbox keeps away from."""

from __future__ import annotations

import sys

import pytest

from sandbox.daemon import inhabited

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"


def row(address: str, state: str) -> str:
    number = bytes(int(part) for part in address.split("."))
    number = number[::-1] if sys.byteorder == "little" else number
    return f"   0: {number.hex().upper()}:0BB8 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], set()),
        ([row("127.54.1.3", "0A"), row("127.7.0.1", "0A")], {54, 7}),
        ([row("127.54.1.3", "01")], set()),  # connected, does not listen
        ([row("192.168.54.3", "0A"), row("10.54.1.3", "0A")], set()),
        (["", "garbage"], set()),
    ],
)
def test_a_block_is_inhabited_when_something_listens_in_it(rows: list[str], found: set[int]) -> None:
    assert inhabited("\n".join([HEAD, *rows])) == found
