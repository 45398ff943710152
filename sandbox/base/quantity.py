"""Kubernetes resource quantities ("250m", "1Gi", "0.5") as exact numbers, and back.

Grammar: k8s.io/apimachinery/pkg/api/resource, the "Quantity" section of the API reference.
"""

from __future__ import annotations

import re
from fractions import Fraction

_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_SHAPE = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([KMGTPE]i|[numkMGTPE]?|[eE][+-]?\d+)")


def parse(quantity: str | int | float) -> Fraction:
    """The exact number behind a quantity: cores for cpu, bytes for memory. ValueError when it is not one."""
    found = _SHAPE.fullmatch(str(quantity).strip())
    if found is None:
        raise ValueError(f"not a resource quantity: {quantity!r}")
    number, suffix = found.groups()
    if suffix in _BINARY:
        return Fraction(number) * 1024 ** _BINARY[suffix]
    if suffix in _DECIMAL:
        return Fraction(number) * Fraction(1000) ** _DECIMAL[suffix]
    return Fraction(number) * Fraction(10) ** int(suffix[1:])


def show(value: Fraction, like: str | int = "") -> str:
    """A quantity in the shortest exact spelling, binary (Ki, Mi, ...) when ``like`` is spelled so.

    >>> show(parse("250m") + parse("0.5")), show(parse("512Mi") * 2, like="1Gi")
    ('750m', '1Gi')
    """
    if str(like).endswith("i") and value.denominator == 1:
        for suffix, power in reversed(_BINARY.items()):
            if value and value % 1024**power == 0:
                return f"{value // 1024**power}{suffix}"
        return str(value)
    if value.denominator == 1:
        for suffix, power in reversed(_DECIMAL.items()):
            if power > 0 and value and value % 1000**power == 0:
                return f"{value // 1000**power}{suffix}"
        return str(value)
    for suffix in "mun":
        scaled = value / Fraction(1000) ** _DECIMAL[suffix]
        if scaled.denominator == 1:
            return f"{scaled}{suffix}"
    return f"{-(-value * 10**9 // 1)}n"  # upstream rounds what is finer than a billionth up
