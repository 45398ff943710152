"""The mark of a folder that was prepared."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from toolkit.preparing import marks
from toolkit.preparing.marks import Mark


def fill(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "a-file").write_text("x", encoding="utf-8")


def test_a_new_folder_is_what_was_made_and_not_what_is_in_it(tmp_path: Path) -> None:
    fill(tmp_path / "source")
    before = marks.folders(tmp_path)
    fill(tmp_path / "node_modules/left-pad")
    assert marks.made(before, marks.folders(tmp_path)) == (str(tmp_path / "node_modules"),)


def test_of_a_folder_that_was_there_the_part_that_is_new(tmp_path: Path) -> None:
    fill(tmp_path / "vendor/assets")
    before = marks.folders(tmp_path)
    fill(tmp_path / "vendor/bundle")
    made = marks.made(before, marks.folders(tmp_path))
    assert str(tmp_path / "vendor/bundle") in made
    assert str(tmp_path / "vendor/assets") not in made


def test_a_folder_that_took_the_place_of_another(tmp_path: Path) -> None:
    fill(tmp_path / "node_modules")
    before = marks.folders(tmp_path)
    (tmp_path / "node_modules").rename(tmp_path / "old")
    fill(tmp_path / "node_modules")
    shutil.rmtree(tmp_path / "old")
    assert str(tmp_path / "node_modules") in marks.made(before, marks.folders(tmp_path))


def test_what_was_made_earlier_and_is_there_still_counts_and_what_is_gone_does_not(tmp_path: Path) -> None:
    fill(tmp_path / "bundle")
    seen = marks.folders(tmp_path)
    also = [str(tmp_path / "bundle"), str(tmp_path / "gone")]
    assert marks.made(seen, seen, also) == (str(tmp_path / "bundle"),)


def test_git_and_the_toolkits_own_state_are_not_what_was_made(tmp_path: Path) -> None:
    fill(tmp_path / ".git/objects", tmp_path / ".pipeline/runs", tmp_path / ".sandbox/x")
    assert marks.folders(tmp_path) == {}


@pytest.mark.parametrize("how", ["whole", "emptied", "gone"])
def test_whether_it_is_whole(tmp_path: Path, how: str) -> None:
    fill(tmp_path / "modules")
    mark = Mark("k", (str(tmp_path / "modules"),))
    if how != "whole":
        (tmp_path / "modules/a-file").unlink()
    if how == "gone":
        (tmp_path / "modules").rmdir()
    assert mark.is_whole is (how == "whole")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": 1}', '{"key": "k", "made": 7}'])
def test_what_is_no_mark_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "mark").write_text(text, encoding="utf-8")
    assert marks.read(tmp_path / "mark") is None
    assert marks.read(tmp_path / "no-such-file") is None


def test_a_mark_that_was_kept_is_read(tmp_path: Path) -> None:
    mark = Mark("k", (os.fspath(tmp_path),))
    marks.write(tmp_path / "marks/one.json", mark)
    assert marks.read(tmp_path / "marks/one.json") == mark


def test_texts_count_each_by_itself() -> None:
    assert marks.digest("ab", "c") != marks.digest("a", "bc") != marks.digest("a", "b", "c")
    assert marks.digest("a", b"b") == marks.digest("a", "b")
