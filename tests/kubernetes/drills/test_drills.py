"""Every drill and look-alike on real Kubernetes: the cause it must be, no false alarm, no request lost."""

from __future__ import annotations

import pytest

from tests import drilling
from tests.drilling import DRILLS, Results

SECONDS = 3600  # for all of them together: a real node pulls, starts and probes in its own time


@pytest.mark.timeout(SECONDS)
@drilling.parameters(list(DRILLS.values()))
def test_drill(results: Results, name: str, kind: str) -> None:
    drilling.check(results, name, kind, SECONDS)
