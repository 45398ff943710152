"""`make test` and `make bench`: pytest, with T (paths) and ARGS (options) of the environment.

They are split as a shell splits words, and never run by one.
"""

from __future__ import annotations

import os
import shlex
import sys

import pytest


def words(given: str) -> list[str]:
    """The words of a text, quotes taken away."""
    try:
        return shlex.split(given)
    except ValueError as error:
        sys.exit(f"T= or ARGS= cannot be split into words: {error}: {given!r}")


if __name__ == "__main__":
    wanted = words(os.environ.get("T") or "tests")
    sys.exit(pytest.main([*wanted, *sys.argv[1:], *words(os.environ.get("ARGS", ""))]))
