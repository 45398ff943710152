"""The smoke suite passes where people can send the form, fails where only /health says that all is well."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Others

APP = Path(__file__).parents[2]


@pytest.mark.parametrize("away", ["", "datastore", "filestore", "submitter"])
def test_the_smoke_suite_tells(away: str, url: str, others: Others) -> None:
    others.away |= {away}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/smoke", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"],
        cwd=APP,
        env={**os.environ, "RUNNER_URL": url},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == (1 if away else 0), ran.stdout
    assert "test_it_is_healthy_and_ready" not in ran.stdout, "the probes answer in any case"
    if not away:
        assert not others.entries, "nothing is left behind"
