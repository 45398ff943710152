"""Names and files of the evidence."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.cluster.evidence import conclude
from toolkit.cluster.evidence.files import LONGEST, Folder, safe


@pytest.mark.parametrize("name", ["a/b", "../../etc", "..", "", "x" * 300, "ü", "CON", "a b"])
def test_names_of_files_are_safe_and_stay_apart(name: str, tmp_path: Path) -> None:
    made = safe(name)
    assert made and "/" not in made and not made.startswith(".") and len(made) <= LONGEST
    assert safe(name + "x") != made
    assert safe("pod-a-api-previous.log") == "pod-a-api-previous.log"
    assert safe("y" * 300 + ".log").endswith(".log")
    folder = Folder(tmp_path)
    written = folder.write(f"{name}.log", "text", "logs")
    assert written.parent == tmp_path / "logs" and written.read_text() == "text"


def test_a_folder_that_cannot_be_written_is_told_and_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    folder = Folder(tmp_path / "file")
    folder.write("summary.md", "x")
    assert folder.troubles and "summary.md could not be written" in folder.troubles[0]
    conclude(tmp_path / "file" / "summary.md", "What was done", ["x"])
