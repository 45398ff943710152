"""What starts and is wrong all the same: it ends, hangs, does not answer, or answers wrongly."""

from __future__ import annotations

import pytest

from tests import drilling
from tests.drilling import DRILLS, RUNNING, Results

SECONDS = 900  # for all of them together, on a machine that is busy
MINE = [each for each in DRILLS.values() if each.name in RUNNING]


@pytest.mark.timeout(SECONDS)
@drilling.parameters(MINE)
def test_drill(results: Results, name: str, kind: str) -> None:
    drilling.check(results, name, kind, SECONDS)
