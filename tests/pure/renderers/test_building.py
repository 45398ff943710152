"""Which Helm and kustomize would be built, and what is said where they cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kubernetes.node.parts import NotPossible
from tests.kubernetes.node.places import Places, version
from tests.renderers import building
from tests.renderers.building import PROGRAMS, Program

every = pytest.mark.parametrize("program", PROGRAMS.values(), ids=lambda program: program.name)


@every
def test_the_version_that_is_pinned_is_built_with_sums_that_are_pinned_too(program: Program) -> None:
    assert f"{program.module} {program.pinned} h1:" in (program.go / "go.sum").read_text()
    argv = building.command(program, Path("/kept/it"), "go")
    assert argv[-1] == f"{program.module}{program.package}" and "-mod=readonly" in argv
    assert any(f"version={program.pinned}" in word for word in argv)


def test_where_there_is_no_go_one_line_says_what_helps(tmp_path: Path) -> None:
    with pytest.raises(NotPossible, match=r"helm is built by Go, which is not here. Fix: install Go"):
        building.build(PROGRAMS["helm"], Places(tmp_path), look=lambda _: None)


@every
def test_what_was_built_needs_no_go(program: Program, tmp_path: Path) -> None:
    kept = building.kept(program, Places(tmp_path))
    kept.parent.mkdir()
    kept.touch()
    assert building.build(program, Places(tmp_path), look=lambda _: None) == kept


def test_a_module_that_is_not_required_has_no_version() -> None:
    with pytest.raises(ValueError, match=r"go\.mod does not require example\.com/other"):
        version(PROGRAMS["helm"].go / "go.mod", "example.com/other")
