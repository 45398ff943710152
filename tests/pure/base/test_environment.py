"""What the caller's shell has for its own Pythons does not reach ours."""

from __future__ import annotations

import re

from toolkit.base.environment import NOT_OURS, forget

from tests import ROOT


def test_what_is_not_ours_goes_and_all_else_stays() -> None:
    found = {
        "PYTEST_ADDOPTS": "-x",
        "PIP_USER": "1",
        "PIP_INDEX_URL": "https://index.invalid/simple",
        "PATH": "/bin",
    }
    forget(found)
    assert found == {"PIP_INDEX_URL": "https://index.invalid/simple", "PATH": "/bin"}


def test_the_makefile_has_the_same_list() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.findall(r"^unexport (.*)$", text, re.M)
    assert tuple(" ".join(found).split()) == NOT_OURS
