"""A program that a source of manifests needs."""

from __future__ import annotations

from typing import NamedTuple


class Program(NamedTuple):
    """The names that will do, the oldest version (as v3.8), what shows the version of each, how to get it."""

    names: tuple[str, ...]
    oldest: str
    asks: tuple[tuple[str, ...], ...]
    remedy: str
