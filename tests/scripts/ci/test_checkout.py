"""Which repository a folder lies in, and what is a change of it: real ones in and beside each other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from toolkit.ci import checkout, origin, revision

from tests.ways import BARE, DEV, OPS, OPS_BRANCH, WAYS, Foreign

INSIDE = ("submodule", "nested clone", "ignored clone")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Foreign:
    foreign = Foreign(tmp_path, request.param, BARE, {"service/file": "one"})
    for name in os.environ:
        if name not in foreign.env:
            monkeypatch.delenv(name)
    for name, value in foreign.env.items():
        monkeypatch.setenv(name, value)
    return foreign


@pytest.mark.parametrize("made", WAYS, indirect=True)
def test_each_folder_has_the_source_of_the_repository_that_it_lies_in(made: Foreign) -> None:
    for folder in (made.code, made.code / "service", made.code / "service/not there yet"):
        found = origin.here(folder)
        assert (found.branch, found.commit, found.author) == ("main", made.head, DEV)
        assert (found.dirty, found.trouble, found.top) == (False, "", str(made.code))
        assert checkout.top_of(folder) == str(made.code)
    own = origin.here(made.root)
    assert (own.branch, own.author, own.top) == (OPS_BRANCH, OPS, str(made.root))


@pytest.mark.parametrize("made", INSIDE, indirect=True)
@pytest.mark.parametrize("change", ["another commit", "a file", "a new file"])
def test_what_changes_in_it_is_no_change_of_the_repository_around_it(made: Foreign, change: str) -> None:
    if change == "another commit":
        made.commit()
    else:
        made.write("service/file" if change == "a file" else "new", "two")
    inner = made.code / "service"
    assert origin.here(inner).dirty is (change != "another commit")
    assert not origin.here(made.root, apart=[inner]).dirty
    (made.root / "apps" / "stray").write_text("") if made.code.parent.name == "apps" else None
    ignored = (made.root / ".gitignore").read_text().endswith("/apps/\n")
    assert origin.here(made.root, apart=[inner]).dirty is not ignored, "a file beside it is one"


@pytest.mark.parametrize("made", ["nested clone"], indirect=True)
def test_a_nested_clone_that_is_no_apps_is_a_change(made: Foreign) -> None:
    assert origin.here(made.root).dirty
    made.git(made.root, "clone", "--quiet", str(made.code), "apps/another")
    assert origin.here(made.root, apart=[made.code]).dirty


@pytest.mark.parametrize("made", ["sibling checkout"], indirect=True)
def test_a_folder_that_its_repository_ignores_is_in_none_of_its_commits(made: Foreign) -> None:
    made.write(".gitignore", "copied/\n")
    made.commit()
    made.write("copied/file", "of nobody knows which commit")
    found = origin.here(made.code / "copied")
    assert found.dirty and found.trouble == f"the folder is in no commit of {made.code}: it is ignored there"
    made.git(made.root, "clone", "--quiet", str(made.code), str(made.code / "another"))
    beside = origin.here(made.code / "copied", apart=[made.code / "another"])
    assert beside.trouble == found.trouble, "whatever is beside it"
    assert not origin.here(made.code, apart=[made.code / "another"]).dirty


@pytest.mark.parametrize("made", ["sibling checkout"], indirect=True)
def test_what_it_is_built_from_besides_must_be_clean_too(made: Foreign) -> None:
    shared = made.root / "shared"
    shared.mkdir()
    assert not origin.here(made.code, also=[shared]).dirty
    (shared / "file").write_text("not committed")
    found = origin.here(made.code, also=[shared])
    assert (found.commit, found.branch, found.dirty) == (made.head, "main", True)
    assert found.trouble.startswith(f"files of {shared}, which it is built from, differ from commit ")
    assert found.remedy == f"git -C {shared} status"


@pytest.mark.parametrize("made", ["sibling checkout"], indirect=True)
def test_the_toolkits_revision_is_told_where_it_is_of_another_repository(made: Foreign) -> None:
    (made.root / "scripts" / "toolkit").mkdir(parents=True)
    (made.root / "scripts/toolkit/code.py").write_text("")
    made.git(made.root, "add", "scripts")
    made.git(made.root, "commit", "--quiet", "--message=toolkit")
    commit = made.git(made.root, "rev-parse", "HEAD")
    assert revision.of(made.root, str(made.code)) == commit[:12]
    assert revision.of(made.root, str(made.root)) == ""
    revision.of.cache_clear()
    (made.root / "scripts/toolkit/code.py").write_text("changed")
    assert revision.of(made.root, str(made.code)) == f"{commit[:12]}-dirty"
    revision.of.cache_clear()
