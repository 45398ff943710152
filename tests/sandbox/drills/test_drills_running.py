"""What starts and is wrong all the same: it ends, hangs, does not answer, or answers wrongly."""

from __future__ import annotations

import pytest

from tests.sandbox.drills import drilling
from tests.sandbox.drills.drilling import DRILLS, RUNNING, Results

MINE = [each for each in DRILLS.values() if each.name in RUNNING]


@pytest.mark.timeout(drilling.SECONDS)
@drilling.parameters(MINE)
def test_drill(results: Results, name: str, kind: str) -> None:
    drilling.check(results, name, kind)
