"""Advice is worded for what can be typed where it is read."""

from __future__ import annotations

import pytest
from toolkit.typed import advice

SAID = "make rollback APP=x ENV=live, or `make status`; make pipeline APP=x"
WORDED = {
    "": SAID,
    "unheard of": SAID,
    "command": "pipeline rollback APP=x ENV=live, or `pipeline status`; pipeline run APP=x",
    "makefile": "make pipeline-rollback APP=x ENV=live, or `make pipeline-status`; make pipeline APP=x",
    "submodule": "make -C 'the tools' rollback CONFIG=../pipeline.toml APP=x ENV=live, or "
    "`make -C 'the tools' status CONFIG=../pipeline.toml`; "
    "make -C 'the tools' pipeline CONFIG=../pipeline.toml APP=x",
}


@pytest.mark.parametrize("way", WORDED)
def test_it_says_what_can_be_typed(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(advice.VARIABLE, way)
    monkeypatch.setattr(advice, "ROOT", advice.Path("/somewhere/the tools"))
    monkeypatch.setenv("CONFIG", "../pipeline.toml")
    assert advice.here(SAID) == WORDED[way]
    assert advice.here(advice.here(SAID)) == WORDED[way], "a stage has worded it, and the run words it again"


@pytest.mark.parametrize(
    "text", ["make sure that", "to make one", "make test", "make deploy-all", "remake build"]
)
def test_what_is_no_target_is_left_alone(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(advice.VARIABLE, "command")
    assert advice.here(text) == text


def test_what_may_be_a_programs_output_is_reworded_only_where_it_is_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(advice.VARIABLE, "command")
    assert advice.here("* make build failed", certain=True) == "* make build failed"
    assert advice.here("make build APP=x; `make alert` lists it", certain=True) == (
        "pipeline build APP=x; `pipeline alert` lists it"
    )


def test_a_script_is_called_what_was_typed_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert advice.program("pipeline.py", "pipeline") == "pipeline.py"
    monkeypatch.setenv(advice.VARIABLE, "command")
    assert advice.program("pipeline.py", "pipeline") == "pipeline run"
