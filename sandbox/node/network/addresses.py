"""The block of loopback addresses that one sandbox owns: 127.N.0.0/16.

API and node 127.N.0.1, pods 127.N.1.1 to 127.N.127.254, Services from 127.N.128.1 (allocated by the API). On
Linux all of 127.0.0.0/8 is local without any set-up.
"""

from __future__ import annotations

FIRST, LAST = 1 * 256 + 1, 127 * 256 + 254


def host(block: int) -> str:
    """The address of the API and the node in block N."""
    return f"127.{block}.0.1"


class PodAddresses:
    """Hands out pod addresses; one that was given back is used again as late as possible."""

    def __init__(self, block: int) -> None:
        self._prefix = f"127.{block}."
        self._used: set[int] = set()
        self._last = FIRST - 1

    def take(self) -> str:
        """A free address. Raises RuntimeError when all are in use."""
        for _ in range(LAST - FIRST + 1):
            self._last = self._last + 1 if self._last < LAST else FIRST
            if self._last not in self._used and self._last % 256 not in (0, 255):
                self._used.add(self._last)
                return f"{self._prefix}{self._last // 256}.{self._last % 256}"
        raise RuntimeError("no pod address is free")

    def claim(self, address: str) -> bool:
        """Take a certain address (a pod found again has one); False when it is not of this block or in
        use."""
        number = self._number(address)
        if number is None or number in self._used:
            return False
        self._used.add(number)
        self._last = max(self._last, number)
        return True

    def release(self, address: str) -> None:
        """Give an address back."""
        self._used.discard(self._number(address) or 0)

    def _number(self, address: str) -> int | None:
        if not address.startswith(self._prefix):
            return None
        high, _, low = address.removeprefix(self._prefix).partition(".")
        number = int(high) * 256 + int(low)
        return number if FIRST <= number <= LAST else None
