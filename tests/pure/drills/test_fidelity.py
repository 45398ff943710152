"""What two clusters make of the same drills: what is the same, what is not, what was left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Misused
from toolkit.drills import cases, fidelity

from tests import ROOT


def row(name: str, cause: str, *, look_alike: bool = False, **more: Any) -> dict[str, Any]:
    given = {"outcome": "failed" if cause else "passed", "stage": "deploy" if cause else "", "seconds": 1.25}
    words = f"live: {cause}: Pod/x | y; rolled back to 1 (verified)"
    return {
        "name": name,
        "look_alike": look_alike,
        "cause": cause,
        "words": words,
        "problems": [],
        **given,
        **more,
    }


def report(*rows: dict[str, Any], version: str = "v1") -> dict[str, Any]:
    return {"cluster": "c", "version": version, "day": "2026-01-01", "patience": 0.1, "rows": list(rows)}


HERE = report(
    row("quota", "quota"),
    row("quota", "", look_alike=True),
    row("volume", "volume"),
    row("other", "admission"),
)


def test_the_same_cause_is_the_same_however_long_it_took() -> None:
    there = report(row("quota", "quota", seconds=40.0), row("quota", "", look_alike=True, seconds=None))
    lines = fidelity.page(HERE, there).splitlines()
    assert "| quota | failed: quota | 1.2 | failed: quota | 40.0 | same |" in lines
    assert "| quota (look-alike) | passed | 1.2 | passed | - | same |" in lines
    assert any("1 of 1 drills have the same cause (100%)" in line for line in lines)
    assert any("with the look-alikes 2 of 2" in line for line in lines)
    words = next(line for line in lines if line.startswith("| quota | live"))
    assert "Pod/x \\| y" in words and "rolled back" not in words


def test_what_differs_and_what_could_not_be_tried_do_not_count_as_the_same() -> None:
    there = report(
        row("quota", "admission"),
        fidelity.left_out("volume", False, "no StorageClass here"),
        row("other", "admission", differs="it has another word for it"),
    )
    page = fidelity.page(HERE, there)
    assert "| quota | failed: quota | 1.2 | failed: admission | 1.2 | **differs** |" in page
    assert "| volume | failed: volume | 1.2 | left out | - | **differs** |" in page
    assert "1 of 3 drills have the same cause (33%)" in page
    assert "- other: it has another word for it" in page


def test_a_file_that_is_no_report_is_misused(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text("[]")
    with pytest.raises(Misused, match="is no report of drills"):
        fidelity.read(file)


def test_the_table_has_every_drill_and_says_of_which_kubernetes_it_is() -> None:
    page = (ROOT / "docs" / "fidelity.md").read_text()
    names = [f"\n| {name} |" for name in cases.load(ROOT / "drills" / "causes.toml")]
    assert [name for name in names if name not in page] == []
    assert "Kubernetes: v1." in page
