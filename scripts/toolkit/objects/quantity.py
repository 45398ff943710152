"""Kubernetes resource quantities ("250m", "1Gi", "0.5", "1e3") as exact numbers, and back.

Grammar: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_SHAPE = re.compile(
    r"([+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40}))([KMGTPE]i|[eE][+-]?\d{1,2}|[numkMGTPE]?)", re.ASCII
)


def parse(quantity: Any) -> Fraction | None:
    """The exact number: cores for cpu, bytes for memory. None for what is not a quantity."""
    if isinstance(quantity, bool) or not isinstance(quantity, str | int | float):
        return None
    found = _SHAPE.fullmatch(str(quantity).strip())
    if found is None:
        return None
    number, suffix = found.groups()
    if suffix in _BINARY:
        return Fraction(number) * 1024 ** (_BINARY.index(suffix) + 1)
    if suffix in _DECIMAL:
        return Fraction(number) * Fraction(1000) ** _DECIMAL[suffix]
    return Fraction(number) * Fraction(10) ** int(suffix[1:])


def amount(quantity: Any) -> Fraction:
    """The same, with nothing for what is not a quantity."""
    return parse(quantity) or Fraction(0)


def show(value: Fraction, like: Any = "") -> str:
    """A quantity in the shortest exact spelling; binary (Ki, Mi, ...) when `like` is spelled so.

    >>> show(Fraction(3, 4)), show(Fraction(2 * 1024**3), like="512Mi")
    ('750m', '2Gi')
    """
    if str(like).endswith("i") and value.denominator == 1:
        for power in range(len(_BINARY), 0, -1):
            if value and value % 1024**power == 0:
                return f"{value // 1024**power}{_BINARY[power - 1]}"
    if value.denominator == 1:
        return str(value)
    thousandths = -(-value * 1000 // 1)  # what is finer than a thousandth is rounded up, as the API does
    return f"{thousandths}m"
