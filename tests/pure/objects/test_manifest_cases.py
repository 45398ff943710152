"""Folders of manifests, and what comes of each: tests/pure/cases/manifests. One more is one more folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import ROOT
from tests.pure.objects import comes_to

CASES = sorted((ROOT / "tests" / "pure" / "cases" / "manifests").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_folder_comes_to_what_is_expected(case: Path) -> None:
    comes_to.check(case)
