"""The bench ring: every claim of speed, as a ratio in one run. Only for who names its path: `make bench`."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these files out of `pytest` and `pytest tests`: they take minutes, and want the machine alone."""
    asked = (Path(word.partition("::")[0]).resolve() for word in config.args)
    return None if any(path.is_relative_to(HERE) for path in asked) else True
