"""The files that something is made of, asked of real repositories: what changes them is seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from toolkit.ci import inputs

from tests.ways import BARE, Foreign


@pytest.fixture
def foreign(tmp_path: Path) -> Foreign:
    return Foreign(tmp_path, "sibling checkout", BARE, {"code/file": "one", ".gitignore": "ignored\n"})


def seen(*folders: Path) -> dict[str, str]:
    """Each file's digest, by the end of its path."""
    return {path: inputs.digest(path) for path in inputs.kept(folders)}


def names(*folders: Path) -> list[str]:
    return sorted(Path(path).name for path in inputs.kept(folders))


def test_what_git_keeps_or_would_keep(foreign: Foreign) -> None:
    foreign.write("code/new", "not added yet")
    foreign.write("code/ignored", "no")
    foreign.write("code/gone", "soon")
    foreign.commit()
    (foreign.code / "code/gone").unlink()
    assert names(foreign.code) == [".gitignore", "file", "new"]
    assert names(foreign.code / "code") == ["file", "new"]


def test_content_and_whether_it_may_be_run_count(foreign: Foreign) -> None:
    before = seen(foreign.code)
    (foreign.code / "code/file").chmod(0o755)
    runnable = seen(foreign.code)
    foreign.write("code/file", "two")
    assert before != runnable != seen(foreign.code)


@pytest.mark.parametrize("way", ["submodule", "nested clone", "linked worktree"])
def test_repositories_inside_are_gone_into(tmp_path: Path, foreign: Foreign, way: str) -> None:
    lib = Foreign(tmp_path / "lib", "sibling checkout", BARE, {"lib.py": "one"})
    if way == "submodule":
        foreign.git(foreign.code, "submodule", "--quiet", "add", str(lib.code), "vendor/lib")
    elif way == "nested clone":
        foreign.git(foreign.code, "clone", "--quiet", str(lib.code), "vendor/lib")
    else:
        lib.git(lib.code, "worktree", "add", "--quiet", "-b", "other", str(foreign.code / "vendor/lib"))
    before = seen(foreign.code)
    (foreign.code / "vendor/lib/lib.py").write_text("two")
    after = seen(foreign.code)
    assert set(before) == set(after) and before != after
    assert any(each.endswith("vendor/lib/lib.py") for each in after)


def test_a_submodule_that_was_not_fetched_is_nothing(tmp_path: Path, foreign: Foreign) -> None:
    lib = Foreign(tmp_path / "lib", "sibling checkout", BARE, {"lib.py": "one"})
    foreign.git(foreign.code, "submodule", "--quiet", "add", str(lib.code), "vendor/lib")
    foreign.commit()
    plain = tmp_path / "plain"
    foreign.git(tmp_path, "clone", "--quiet", str(foreign.code), str(plain))
    assert names(plain) == [".gitignore", ".gitmodules", "file"]


def test_links_count_by_where_they_lead_and_what_is_there(tmp_path: Path, foreign: Foreign) -> None:
    for name in ("one", "two"):
        (tmp_path / "shared" / name).mkdir(parents=True)
        (tmp_path / "shared" / name / "module.py").write_text("the same")
    link = foreign.code / "linked"
    link.symlink_to("../shared/one")
    before = seen(foreign.code)
    link.unlink()
    link.symlink_to("../shared/two")
    led_elsewhere = seen(foreign.code)
    assert before != led_elsewhere
    (tmp_path / "shared/two/module.py").write_text("another")
    changed = seen(foreign.code)
    assert set(changed) == set(led_elsewhere) and changed != led_elsewhere
    (foreign.code / "round").symlink_to(".")
    (foreign.code / "up").symlink_to("../..")
    (foreign.code / "broken").symlink_to("nowhere")
    assert {"round", "up", "broken", "module.py"} <= set(names(foreign.code))


def test_a_folder_that_its_repository_ignores_is_looked_at_all_the_same(foreign: Foreign) -> None:
    for name in (
        "ignored/code.py",
        "ignored/.hidden",
        "ignored/__pycache__/code.pyc",
        "ignored/.pipeline/record",
    ):
        foreign.write(name, "one")
    assert names(foreign.code / "ignored") == [".hidden", "code.py"]


def test_a_name_that_is_no_text_counts_too(foreign: Foreign) -> None:
    strange = Path(os.fsdecode(os.fsencode(foreign.code) + b"/code/\xff\xfe"))
    strange.write_text("one")
    before = seen(foreign.code)
    strange.write_text("two")
    assert seen(foreign.code) != before


def test_a_run_leaves_nothing_that_counts(foreign: Foreign) -> None:
    before = seen(foreign.code)
    foreign.write(".pipeline/runs/1/run.json", "{}")
    foreign.write("code/.sandbox/daemon.json", "{}")
    assert seen(foreign.code) == before


def test_what_a_build_sees(foreign: Foreign) -> None:
    foreign.write("code/ignored", "is copied by a build")
    foreign.write("code/.git/config", "is not")
    (foreign.code / "linked").symlink_to("code")
    listed = sorted(str(Path(path).relative_to(foreign.code)) for path in inputs.everything(foreign.code))
    assert listed == [".gitignore", "code/file", "code/ignored", "linked"]


def test_a_file_that_goes_while_it_is_looked_at_is_no_error(foreign: Foreign) -> None:
    there = inputs.digest(foreign.code / "code/file")
    (foreign.code / "code/file").unlink()
    assert inputs.digest(foreign.code / "code/file") != there
