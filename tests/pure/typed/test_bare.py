"""The doctor, which stands alone, says the same as advice.py does."""

from __future__ import annotations

import pytest
from bare import installed
from toolkit.typed import advice


@pytest.mark.parametrize("way", ["", "command", "makefile", "submodule"])
def test_what_it_says_last_is_worded_as_all_advice(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(advice.VARIABLE, way)
    monkeypatch.setenv("CONFIG", "../pipeline.toml")
    typed = installed.ready("x", "c")
    assert typed.startswith(advice.here("make pipeline").partition(" CONFIG=")[0])
    assert {"APP=x", "CLUSTER=c"} <= set(typed.split())
    assert ("CONFIG=../pipeline.toml" in typed.split()) == (way == "submodule")
    assert "submitter" not in installed.ready("", "") or not way
