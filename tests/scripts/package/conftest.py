"""One wheel and one environment for all tests of the package in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import installed


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed.wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the command `pipeline`."""
    return installed.light(wheel, tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture
def repository(programs: Path, tmp_path: Path) -> installed.Repository:
    return installed.Repository(tmp_path / "my app", programs)
