"""git answers what it was asked, whatever surrounds it; and where it cannot, its own sentence is told."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from toolkit.ci import origin
from toolkit.settings.request import version

GIT = ["git", "-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.org"]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Free of this machine's CI system, variables and settings of git."""
    for name in ["BRANCH", "COMMIT", *(vendor.known_by for vendor in origin.VENDORS)]:
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


def git(root: Path, *words: str) -> str:
    return subprocess.run(
        [*GIT, "-C", str(root), *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def checkout(root: Path, *options: str, branch: str = "main") -> str:
    """A repository with one commit; the commit."""
    root.mkdir(exist_ok=True)
    git(root, "init", "--quiet", f"--initial-branch={branch}", *options)
    (root / "file").write_text("one")
    git(root, "add", "file")
    git(root, "commit", "--quiet", "--message=first")
    return git(root, "rev-parse", "HEAD")


def plain(source: origin.Source) -> tuple[object, ...]:
    return (source.branch, source.commit, source.author, source.dirty, source.trouble)


@pytest.mark.parametrize(
    "around",
    [
        {"GIT_TRACE": "1", "GIT_TRACE_SETUP": "1", "GIT_TRACE2": "1"},
        {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "log.showSignature", "GIT_CONFIG_VALUE_0": "true"},
        {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "color.ui", "GIT_CONFIG_VALUE_0": "always"},
        {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "status.short", "GIT_CONFIG_VALUE_0": "true"},
        {"GIT_DIR": "{other}/.git"},
        {"GIT_WORK_TREE": "{other}"},
        {"GIT_INDEX_FILE": "{other}/.git/index"},
        {"GIT_OBJECT_DIRECTORY": "{other}/.git/objects", "GIT_NAMESPACE": "x"},
        {"GIT_PREFIX": "sub/", "GIT_COMMON_DIR": "{other}/.git"},
        {"MASTER_KEY": "Lovelace", "REPO_TOKEN": "refs/heads/main"},
        {"LC_ALL": "C.UTF-8", "LANGUAGE": "de"},
    ],
    ids=lambda around: next(iter(around)) + around.get("GIT_CONFIG_KEY_0", ""),
)
def test_what_surrounds_git_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, around: dict[str, str]
) -> None:
    sha, other = checkout(tmp_path / "here"), tmp_path / "other"
    checkout(other, branch="elsewhere")
    (other / "change").write_text("")
    for name, value in around.items():
        monkeypatch.setenv(name, value.replace("{other}", str(other)))
    from toolkit.base import redaction

    redaction.register_environment()
    assert plain(origin.here(tmp_path / "here")) == ("main", sha, "Ada Lovelace", False, "")


def test_a_repository_of_64_digits_has_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = checkout(tmp_path / "here", "--object-format=sha256")
    assert len(sha) == 64
    source = origin.here(tmp_path / "here")
    assert plain(source) == ("main", sha, "Ada Lovelace", False, "")
    assert version(source) == sha[:12]
    monkeypatch.setenv("COMMIT", sha[:9])
    assert origin.here(tmp_path / "here").commit == sha


def test_the_owner_that_git_doubts_is_told_in_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    sha = checkout(here)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    source = origin.here(here)
    assert source.commit == ""
    assert source.trouble == f"git: detected dubious ownership in repository at '{here}'"
    assert source.remedy == f"git config --global --add safe.directory {here}"
    monkeypatch.setenv("CIRCLECI", "true")
    monkeypatch.setenv("CIRCLE_SHA1", sha)
    monkeypatch.setenv("CIRCLE_BRANCH", "main")
    named = origin.here(here)
    assert (named.commit, named.branch, named.dirty) == (sha, "main", True), (
        "nobody knows whether it is clean"
    )
    assert "dubious ownership" in named.trouble


def test_a_damaged_repository_is_told_in_gits_words(tmp_path: Path) -> None:
    here = tmp_path / "here"
    sha = checkout(here)
    (here / ".git" / "objects" / sha[:2] / sha[2:]).unlink()
    source = origin.here(here)
    assert source.trouble.startswith("git: ") and ("object" in source.trouble or "HEAD" in source.trouble)
    assert source.remedy


@pytest.mark.parametrize("change", ["changed", "untracked", "staged", "another commit", "none", "same tree"])
def test_a_changed_tree_is_not_the_commit_that_ci_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    here = tmp_path / "here"
    sha = checkout(here)
    if change == "changed":
        (here / "file").write_text("two")
    elif change == "untracked":
        (here / "new").write_text("")
    elif change == "staged":
        (here / "file").write_text("two")
        git(here, "add", "file")
    elif change == "another commit":
        (here / "file").write_text("two")
        git(here, "commit", "--quiet", "--all", "--message=second")
    elif change == "same tree":
        git(here, "commit", "--quiet", "--allow-empty", "--message=second")
    (here / ".pipeline").mkdir()
    (here / ".pipeline" / "record").write_text("what a run leaves is no change")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_SHA", sha)
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    source = origin.here(here)
    clean = change in ("none", "same tree")
    assert version(source) == (sha[:12] if clean else f"{sha[:12]}-dirty")
    assert ("is what is checked out here" in source.trouble) is (change == "another commit")


def test_without_git_a_commit_that_ci_names_is_not_known_to_be_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = checkout(tmp_path / "here")
    shutil.rmtree(tmp_path / "here" / ".git")
    monkeypatch.setenv("COMMIT", sha)
    source = origin.here(tmp_path / "here")
    assert (source.commit, source.dirty) == (sha, True)
    assert source.trouble == "git: not a git repository (or any of the parent directories): .git"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert origin.here(tmp_path / "here").trouble == "git: no such program on this machine"
