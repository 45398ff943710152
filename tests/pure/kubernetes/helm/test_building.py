"""Which Helm would be built, and what is said where it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kubernetes.helm import building
from tests.kubernetes.node.parts import NotPossible
from tests.kubernetes.node.places import Places, version


def test_the_version_that_is_pinned_is_built_with_sums_that_are_pinned_too() -> None:
    pinned = building.pinned()
    assert pinned.startswith("v3.")
    assert f"{building.MODULE} {pinned} h1:" in (building.GO / "go.sum").read_text()
    argv = building.command(Path("/kept/helm"), "go")
    assert argv[-1] == "helm.sh/helm/v3/cmd/helm" and "-mod=readonly" in argv
    assert any(f"version={pinned}" in word for word in argv)


def test_where_there_is_no_go_one_line_says_what_helps(tmp_path: Path) -> None:
    with pytest.raises(NotPossible, match=r"Helm is built by Go, which is not here. Fix: install Go"):
        building.build(Places(tmp_path), look=lambda _: None)


def test_what_was_built_needs_no_go(tmp_path: Path) -> None:
    kept = building.program(Places(tmp_path))
    kept.parent.mkdir()
    kept.touch()
    assert building.build(Places(tmp_path), look=lambda _: None) == kept


def test_a_module_that_is_not_required_has_no_version() -> None:
    with pytest.raises(ValueError, match=r"go\.mod does not require example\.com/other"):
        version(building.GO / "go.mod", "example.com/other")
