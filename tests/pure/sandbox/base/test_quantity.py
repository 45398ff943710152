"""Resource quantities, exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.base.quantity import parse, show


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("250m", Fraction(1, 4)),
        ("0.5", Fraction(1, 2)),
        ("1Ki", 1024),
        ("1.5Gi", 3 * 2**29),
        ("1k", 1000),
        ("1e3", 1000),
        ("2E", 2 * 10**18),
        (".5", Fraction(1, 2)),
        ("100n", Fraction(1, 10**7)),
        (3, 3),
        ("-1", -1),
    ],
)
def test_parse(text: str | int, value: Fraction | int) -> None:
    assert parse(text) == value


@pytest.mark.parametrize("text", ["", "1 Gi", "Gi", "1gi", "1e", "--1", "0x1"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a resource quantity"):
        parse(text)


@given(st.integers(0, 10**12), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "Gi"]))
def test_showing_loses_nothing(number: int, suffix: str) -> None:
    value = parse(f"{number}{suffix}")
    assert parse(show(value, like=f"1{suffix}")) == value


def test_the_spelling_follows_the_limit() -> None:
    assert show(parse("1024Mi"), like="2Gi") == "1Gi"
    assert show(parse("1000m")) == "1"
    assert show(parse("1536Mi"), like="1Gi") == "1536Mi"
