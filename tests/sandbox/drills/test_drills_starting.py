"""What keeps a version from ever starting: images, configuration, the namespace, nodes, preflight."""

from __future__ import annotations

import pytest

from tests.sandbox.drills import drilling
from tests.sandbox.drills.drilling import DRILLS, RUNNING, Results

MINE = [each for each in DRILLS.values() if each.name not in RUNNING]


@pytest.mark.timeout(drilling.SECONDS)
@drilling.parameters(MINE)
def test_drill(results: Results, name: str, kind: str) -> None:
    drilling.check(results, name, kind)
