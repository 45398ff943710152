"""Checkouts of repositories elsewhere: commit, branch and files of a ref; kept, shallow, with submodules."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.ci.origin import NO_BRANCH, here
from toolkit.ci.repositories import cache, kept, run
from toolkit.ci.repositories.remote import Remote

from tests.elsewhere import Elsewhere, served
from tests.scripts.ci.repositories.getting import WHERE, get, refused


@pytest.fixture
def origin(tmp_path: Path) -> Elsewhere:
    return Elsewhere(tmp_path / "origin/web", {"app.py": "one\n", "svc/x": "x\n"})


def test_a_branch_is_a_checkout_on_that_branch_and_moves_with_it(origin: Elsewhere, tmp_path: Path) -> None:
    first = get(origin.url, "main", tmp_path / "home")
    seen = here(first.folder)
    assert (seen.branch, seen.author, seen.dirty) == ("main", "Ada Lovelace", False)
    assert seen.commit == first.commit == origin.git("rev-parse", "HEAD")
    two = origin.commit({"app.py": "two\n"})
    second = get(origin.url, "main", tmp_path / "home")
    assert (second.commit, (second.folder / "app.py").read_text()) == (two, "two\n")
    assert (first.folder / "app.py").read_text() == "one\n"  # of a run that is not over yet
    assert here(second.folder).branch == "main"


def test_in_one_run_a_branch_stays_what_it_was_also_in_what_the_run_starts(
    origin: Elsewhere, tmp_path: Path
) -> None:
    first = get(origin.url, "main", tmp_path)
    origin.commit({"app.py": "two\n"})
    assert get(origin.url, "main", tmp_path, anew=False) == first
    assert str(first.folder) in os.environ[run.VARIABLE]


@pytest.mark.parametrize("kind", ["tag", "annotated", "commit"])
def test_a_tag_or_a_commit_is_on_no_branch(origin: Elsewhere, tmp_path: Path, kind: str) -> None:
    commit = origin.git("rev-parse", "HEAD")
    origin.git("tag", "v1")
    origin.git("tag", "--annotate", "--message=two", "v2")
    origin.commit({"app.py": "two\n"})
    got = get(origin.url, {"tag": "v1", "annotated": "v2", "commit": commit}[kind], tmp_path, pinned=True)
    assert (got.commit, got.branch) == (commit, "")
    seen = here(got.folder)
    assert (seen.branch, seen.commit, seen.dirty) == (NO_BRANCH, commit, False)


def test_a_commit_that_is_there_already_needs_nobody(origin: Elsewhere, tmp_path: Path) -> None:
    commit = origin.git("rev-parse", "HEAD")
    with served(tmp_path / "origin") as server:
        url = f"http://{server.host}/web/.git"
        first = get(url, commit, tmp_path / "home")
        asked = len(server.asked)
        assert asked > 0
        assert get(url, commit, tmp_path / "home") == first
        assert len(server.asked) == asked


def test_it_is_shallow_and_only_what_is_new_is_fetched(origin: Elsewhere, tmp_path: Path) -> None:
    for number in range(5):
        origin.commit({"app.py": f"{number}\n"})
    with served(tmp_path / "origin") as server:
        got = get(f"http://{server.host}/web/.git", "main", tmp_path / "home")
    count = subprocess.check_output(["git", "-C", str(got.folder), "rev-list", "--count", "HEAD"], text=True)
    assert count.strip() == "1"


def test_a_server_that_gives_no_single_commit_gives_all(
    origin: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = origin.git("rev-parse", "HEAD")
    origin.commit({"app.py": "two\n"})
    monkeypatch.setenv("GIT_PROTOCOL_VERSION", "0")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    monkeypatch.setenv("GIT_CONFIG_KEY_1", "protocol.version")
    monkeypatch.setenv("GIT_CONFIG_VALUE_1", "0")
    got = get(origin.url, old, tmp_path / "home")
    assert (got.folder / "app.py").read_text() == "one\n"


def test_submodules_come_along_and_are_clean(origin: Elsewhere, tmp_path: Path) -> None:
    library = Elsewhere(tmp_path / "origin/library", {"library.py": "l\n"})
    origin.git("submodule", "--quiet", "add", library.url, "library")
    origin.commit()
    got = get(origin.url, "main", tmp_path / "home")
    assert (got.folder / "library/library.py").read_text() == "l\n"
    assert not here(got.folder).dirty


def test_a_checkout_that_was_changed_is_not_used_again(origin: Elsewhere, tmp_path: Path) -> None:
    first = get(origin.url, "main", tmp_path)
    (first.folder / "__pycache__").mkdir()
    (first.folder / "__pycache__/x.pyc").write_text("")
    assert get(origin.url, "main", tmp_path) == first  # what tools leave is no change
    (first.folder / "app.py").write_text("changed\n")
    second = get(origin.url, "main", tmp_path)
    assert second.commit == first.commit
    assert (second.folder / "app.py").read_text() == "one\n"
    assert (first.folder / "app.py").read_text() == "changed\n"
    subprocess.run(["git", "-C", str(second.folder), "checkout", "--quiet", "--detach"], check=True)
    assert here(get(origin.url, "main", tmp_path).folder).branch == "main"


def test_several_runs_at_once_get_whole_checkouts(origin: Elsewhere, tmp_path: Path) -> None:
    origin.git("branch", "other")
    found: list[run.Checked] = []

    def work(ref: str) -> None:
        remote = Remote.of(origin.url, ref, tmp_path)
        place = cache.folder_of(remote, tmp_path / "home")
        commit = origin.git("rev-parse", ref)
        found_there = cache.Found(commit, ref, f"refs/heads/{ref}")
        made, _ = cache.checked_out(WHERE, remote, found_there, place.parent)
        assert (made / "app.py").read_text() == "one\n"
        found.append(run.Checked(made, commit, here(made).branch))

    threads = [threading.Thread(target=work, args=(ref,)) for ref in ("main", "other") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert {(each.folder.name.split("-")[1], each.branch) for each in found} == {
        ("main", "main"),
        ("other", "other"),
    }
    assert len({each.folder for each in found}) == 2


def test_what_a_killed_run_left_half_made_is_removed_and_old_checkouts_too(
    origin: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = cache.folder_of(Remote.of(origin.url, "main", tmp_path), tmp_path)
    (place / "new-1/.git").mkdir(parents=True)
    first = get(origin.url, "main", tmp_path)
    monkeypatch.setattr(cache, "KEPT", 1)
    os.utime(first.folder, (1, 1))
    origin.commit({"app.py": "two\n"})
    used = get(origin.url, "main", tmp_path)
    assert first.folder.is_dir(), "old, and in use"
    kept.leave()
    os.utime(first.folder, (1, 1))
    os.utime(used.folder, (2, 2))
    origin.commit({"app.py": "three\n"})
    second = get(origin.url, "main", tmp_path)
    assert sorted(each.name for each in place.iterdir()) == sorted(["lock", "mirror.git", second.folder.name])


def test_a_ref_that_is_not_there_is_told_with_the_nearest(origin: Elsewhere, tmp_path: Path) -> None:
    origin.git("tag", "release-1")
    error = refused(origin.url, "mian", tmp_path)
    assert error.reason.endswith(f'{origin.url} has no branch, tag or commit "mian", did you mean "main"?')
    assert error.remedy == "it has: main, release-1"
    short = refused(origin.url, origin.git("rev-parse", "--short=8", "HEAD"), tmp_path)
    assert "has no branch or tag" in short.reason
    assert "40 digits" in short.remedy
    assert "has no commit 0123" in refused(origin.url, "0123456789" * 4, tmp_path).reason


def test_a_name_that_is_two_things_is_refused_until_it_says_which(origin: Elsewhere, tmp_path: Path) -> None:
    origin.git("tag", "main")
    two = origin.commit({"app.py": "two\n"})
    error = refused(origin.url, "main", tmp_path)
    assert "is a branch and a tag" in error.reason
    assert error.remedy == 'say which: ref = "refs/heads/main" or "refs/tags/main"'
    got = get(origin.url, "refs/heads/main", tmp_path)
    assert (got.commit, got.branch, here(got.folder).branch) == (two, "main", "main")


def test_where_it_must_be_pinned_a_branch_is_refused_and_a_moved_tag_too(
    origin: Elsewhere, tmp_path: Path
) -> None:
    error = refused(origin.url, "main", tmp_path, pinned=True)
    assert f'"main" is a branch of {origin.url}, which moves' in error.reason
    assert origin.git("rev-parse", "HEAD") in error.remedy
    origin.git("tag", "v1")
    first = get(origin.url, "v1", tmp_path, pinned=True).commit
    second = origin.commit({"app.py": "two\n"})
    origin.git("tag", "--force", "v1")
    moved = refused(origin.url, "v1", tmp_path, pinned=True)
    assert f"was moved, from {first[:12]} to {second[:12]}" in moved.reason


@pytest.mark.parametrize("word", ["-u", "a b", "", "a\nb"])
def test_what_cannot_be_a_ref_is_never_given_to_git(origin: Elsewhere, tmp_path: Path, word: str) -> None:
    with pytest.raises(Misused, match="cannot be the ref of a repository"):
        get(origin.url, word, tmp_path)


def test_a_repository_that_is_not_there_or_does_not_answer(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "there is no repository at" in refused(f"{tmp_path}/nowhere", "main", tmp_path).reason
    with served(tmp_path / "empty") as server:
        pass
    error = refused(f"http://{server.host}/web", "main", tmp_path)
    assert f"http://{server.host}/web cannot be reached: git: " in error.reason


def test_one_that_is_refused_names_whose_credentials_and_shows_none(
    origin: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path / "origin", login="ada:right-password") as server:
        plain = refused(f"http://{server.host}/web/.git", "main", tmp_path)
        assert f"refuses the credentials, those that git has for {server.host}" in plain.reason
        wrong = f"http://ada:wrong-password@{server.host}/web/.git"
        error = refused(wrong, "main", tmp_path)
        assert "refuses the credentials, those in its address" in error.reason
        with pytest.raises(Misused, match="those in WEB_REPOSITORY") as named:
            run.checkout(WHERE, Remote.of(wrong, "main", tmp_path, "WEB_REPOSITORY"), tmp_path)
        for each in (error, named.value):
            assert "wrong-password" not in f"{each.reason} {each.remedy}"
        monkeypatch.setenv("HOME", str(tmp_path))
        right = f"http://ada:right-password@{server.host}/web/.git"
        got = get(right, "main", tmp_path / "home")
    assert (got.folder / "app.py").read_text() == "one\n"
    kept = [file for file in (tmp_path / "home").rglob("*") if file.is_file()]
    assert kept
    assert not [file for file in kept if b"right-password" in file.read_bytes()]


def test_a_token_alone_is_a_secret_too(origin: Elsewhere, tmp_path: Path) -> None:
    token = "a-token-of-twenty-two"
    with served(tmp_path / "origin", login=f"{token}:") as server:
        remote = Remote.of(f"http://{token}@{server.host}/web/.git", "main", tmp_path)
        assert token not in repr(remote)
        assert run.checkout(WHERE, remote, tmp_path / "home").branch == "main"


def test_an_address_in_a_variable_that_is_not_set(tmp_path: Path) -> None:
    with pytest.raises(Misused, match="WEB_REPOSITORY holds no address: it is not set"):
        run.checkout(WHERE, Remote.of("", "main", tmp_path, "WEB_REPOSITORY"), tmp_path)
