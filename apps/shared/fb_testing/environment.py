"""What a suite is told comes in environment variables."""

import os

import pytest


def needed(*names: str) -> dict[str, str]:
    """The variables' values; ends the session with one sentence when some are missing."""
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        listed = ", ".join(missing)
        pytest.exit(f"this suite needs {listed} in the environment; `make smoke` sets them", returncode=2)
    return {name: os.environ[name] for name in names}
