"""What keeps a version from ever starting: images, configuration, the namespace, nodes, preflight."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.drills import drilling
from tests.sandbox.drills.drilling import DRILLS, RUNNING, Results
from tests.sandbox.local import Sandbox

MINE = [each for each in DRILLS.values() if each.name not in RUNNING]


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Results]:
    with pytest.MonkeyPatch.context() as patch:
        yield from drilling.running(request, sandbox, tmp_path_factory.mktemp("drills"), patch)


@pytest.mark.timeout(drilling.SECONDS)
@drilling.parameters(MINE)
def test_drill(results: Results, name: str, kind: str) -> None:
    drilling.check(results, name, kind)
