"""Servers of repositories and what they give: protocols, submodules, LFS; who is asked, and what is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.ci.origin import here

from tests.elsewhere import Elsewhere, daemon, served
from tests.scripts.ci.repositories.getting import WHERE, get


def test_a_server_that_stumbles_is_asked_again(origin: Elsewhere, tmp_path: Path) -> None:
    with served(tmp_path / "origin") as server:
        server.broken = 2
        assert get(f"http://{server.host}/web/.git", "main", tmp_path / "home").branch == "main"
        server.broken = 3
        with pytest.raises(Misused, match=r"cannot be reached: git: .*503"):
            get(f"http://{server.host}/web/.git", "main", tmp_path / "home")


def test_a_name_that_leads_nowhere(tmp_path: Path) -> None:
    with pytest.raises(Misused, match=r"http://nobody\.invalid/web cannot be reached: .*nobody\.invalid"):
        get("http://nobody.invalid/web", "main", tmp_path / "home")
    assert not list((tmp_path / "home").glob("*"))


def test_a_server_of_the_older_protocol_gives_a_commit_and_submodules_too(
    origin: Elsewhere, tmp_path: Path
) -> None:
    library = Elsewhere(tmp_path / "origin/library", {"library.py": "old\n"})
    origin.git("submodule", "--quiet", "add", library.url, "library")
    origin.git("config", "--file=.gitmodules", "submodule.library.url", "../../library/.git")
    old = origin.commit()
    library.commit({"library.py": "new\n"})
    origin.commit({"app.py": "two\n"})
    with served(tmp_path / "origin") as server:
        server.older = True
        url = f"http://{server.host}/web/.git"
        assert (get(url, "main", tmp_path / "home").folder / "library/library.py").read_text() == "old\n"
        checked = get(url, old, tmp_path / "home")
        assert (checked.folder / "app.py").read_text() == "one\n"
        assert (checked.folder / "library/library.py").read_text() == "old\n"
        assert not here(checked.folder).dirty
        with pytest.raises(Misused, match=f"has no commit {'1' * 40}"):
            get(url, "1" * 40, tmp_path / "home")


@pytest.mark.parametrize("address", ["{gone}", "file:///etc", "ext::sh -c true"])
def test_a_submodule_that_cannot_be_had_is_named(origin: Elsewhere, tmp_path: Path, address: str) -> None:
    """One on this machine cannot be had either: it is what a repository elsewhere must not lead to."""
    library = Elsewhere(tmp_path / "origin/library", {"library.py": "l\n"})
    origin.git("submodule", "--quiet", "add", library.url, "libs/one")
    with served(tmp_path / "origin") as server:
        url = address.replace("{gone}", f"http://{server.host}/gone")
        origin.git("config", "--file=.gitmodules", "submodule.libs/one.url", url)
        origin.commit()
        with pytest.raises(Misused) as error:
            get(f"http://{server.host}/web/.git", "main", tmp_path / "home")
        named = f"{WHERE}: submodule libs/one of http://{server.host}/web/.git cannot be had: "
        assert error.value.reason.startswith(named)
        assert "\n" not in error.value.reason
    assert {each.name for each in (tmp_path / "home").glob("*/*")} == {"lock", "mirror.git"}


def test_git_its_own_protocol(origin: Elsewhere, tmp_path: Path) -> None:
    with daemon(tmp_path / "origin") as url:
        checked = get(f"{url}/web/.git", "main", tmp_path / "home")
        assert (checked.commit, here(checked.folder).branch) == (origin.git("rev-parse", "HEAD"), "main")
        with pytest.raises(Misused, match="there is no repository at"):
            get(f"{url}/nothing", "main", tmp_path / "home")


def test_a_repository_of_64_digits(tmp_path: Path) -> None:
    folder = tmp_path / "long"
    subprocess.run(["git", "init", "-q", "-b", "main", "--object-format=sha256", str(folder)], check=True)
    words = ["git", "-C", str(folder), "-c", "user.name=Ada", "-c", "user.email=a@example.org", "commit"]
    subprocess.run([*words, "-q", "--allow-empty", "-m", "one"], check=True)
    checked = get(folder.as_uri(), "main", tmp_path / "home")
    assert len(checked.commit) == 64
    assert get(folder.as_uri(), checked.commit, tmp_path / "home").commit == checked.commit


def test_files_of_git_lfs_that_were_not_fetched_are_told(
    origin: Elsewhere, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 5\n"
    origin.commit({".gitattributes": "*.bin filter=lfs diff=lfs -text\n", "b.bin": pointer, "c.bin": pointer})
    get(origin.url, "main", tmp_path / "home")
    said = capsys.readouterr()
    assert "2 files of git LFS, b.bin among them, are not fetched" in said.out + said.err


def test_hooks_and_templates_of_this_user_do_not_run(
    origin: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = tmp_path / "template/hooks/post-checkout"
    hook.parent.mkdir(parents=True)
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    hook.chmod(0o755)
    (tmp_path / "settings").write_text(
        f"[core]\nhooksPath={hook.parent}\n[init]\ntemplateDir={hook.parent.parent}\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "settings"))
    checked = get(origin.url, "main", tmp_path / "home")
    assert not (tmp_path / "ran").exists()
    assert not (checked.folder / ".git/hooks/post-checkout").exists()


def test_a_secret_of_an_address_is_not_given_to_this_users_own_helper(
    origin: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "stored"
    (tmp_path / "settings").write_text(f"[credential]\nhelper = store --file={store}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "settings"))
    with served(tmp_path / "origin", login="ada:right-password") as server:
        get(f"http://ada:right-password@{server.host}/web/.git", "main", tmp_path / "home")
        assert not store.exists()
        store.write_text(f"http://ada:right-password@{server.host}\n")
        assert get(f"http://{server.host}/web/.git", "main", tmp_path / "two").branch == "main", (
            "its own is asked"
        )


@pytest.mark.parametrize("address", ["ext::sh -c true", "fd::17", "ftp://host/x", "--upload-pack=sh:x"])
def test_a_transport_that_runs_programs_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(Misused, match=r"is of the transport|cannot be the address"):
        get(address, "main", tmp_path / "home")
    assert not list((tmp_path / "home").glob("*"))
