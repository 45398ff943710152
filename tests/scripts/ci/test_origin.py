"""The source of a run in real checkouts: a branch, a detached head, an unborn branch, no repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from toolkit.ci import origin


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository in a folder with a space, free of this machine's CI system and git settings."""
    for name in ["BRANCH", "COMMIT", *(vendor.known_by for vendor in origin.VENDORS)]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    root = tmp_path / "a clone"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Ada Lovelace")
    git(root, "config", "user.email", "ada@example.org")
    return root


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(root: Path) -> str:
    git(root, "commit", "--quiet", "--allow-empty", "--message=first")
    return git(root, "rev-parse", "HEAD")


def test_a_branch(checkout: Path) -> None:
    sha = commit(checkout)
    expected = origin.Source("git", "main", sha, "Ada Lovelace", "", dirty=False, top=str(checkout))
    assert origin.here(checkout) == expected


def test_a_changed_tree_is_dirty(checkout: Path) -> None:
    commit(checkout)
    (checkout / "new").write_text("")
    assert origin.here(checkout).dirty


def test_a_detached_head(checkout: Path) -> None:
    sha = commit(checkout)
    git(checkout, "checkout", "--quiet", "--detach")
    source = origin.here(checkout)
    assert (source.branch, source.commit) == (origin.NO_BRANCH, sha)


def test_a_repository_without_a_commit(checkout: Path) -> None:
    source = origin.here(checkout)
    assert source[:6] == ("git", "main", "", "", "", False)
    assert (source.trouble, source.remedy) == (
        "git: main has no commit yet",
        "git add -A && git commit -m first",
    )


def test_a_short_commit(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = commit(checkout)
    monkeypatch.setenv("COMMIT", sha[:8])
    assert origin.here(checkout).commit == sha


def test_a_folder_that_is_no_repository(checkout: Path) -> None:
    source = origin.here(checkout.parent)
    assert source[:6] == ("no git", "(no git)", "", "", "", False)
    assert source.trouble == "git: not a git repository (or any of the parent directories): .git"
    assert "git init" in source.remedy


def test_a_machine_without_git(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(checkout)
    monkeypatch.setenv("PATH", str(checkout))
    assert origin.here(checkout).system == "no git"
