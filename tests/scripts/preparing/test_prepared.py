"""`prepare`: once for what the lockfiles say, by one run at a time, and anew when it was broken off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.scripts.preparing.configuring import configure, until
from tests.scripts.tiny_app import SCRIPTS, Repository, repository

INSTALL = """#!/bin/sh
# An installer: it notes when it began and ended, and what it saw.
echo began >> ../noted
[ -e hold ] && { touch ../waits; while [ -e hold ]; do sleep 0.02; done; }
rm -rf modules && mkdir modules && cp packages.lock modules/ || exit 7
env > ../seen
[ -e broken ] && { echo "no such package: left-pad"; exit 3; }
echo ended >> ../noted
"""
TABLE = """
prepare = [["sh", "install.sh"]]
lockfiles = ["packages.lock"]
env.WHERE = "{cache}/here"
env.FOLDER = "{path}"
lint = [["sh", "-c", "test -e modules/packages.lock && echo WHERE=$WHERE && echo FOLDER=$FOLDER"]]
security = [["test", "-e", "modules/packages.lock"]]
unit = [["test", "-e", "modules/packages.lock"]]
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = repository(tmp_path)
    configure(made, TABLE)
    made.write("install.sh", INSTALL)
    made.write("packages.lock", "one 1.0\n")
    return made


def noted(repo: Repository) -> list[str]:
    """What the installer has done so far."""
    file = repo.root / "noted"
    return file.read_text(encoding="utf-8").split() if file.exists() else []


def test_it_is_done_once_and_every_stage_has_what_it_made(repo: Repository) -> None:
    first = repo.run("lint", "bare")
    assert first.code == 0, first.output
    assert "preparing bare: packages.lock" in first.output
    cache = next(line for line in first.output.splitlines() if line.startswith("WHERE="))[len("WHERE=") :]
    assert Path(cache).parent.is_dir()
    assert Path(cache).is_relative_to(repo.root / ".pipeline/prepared/cache")
    assert f"FOLDER={repo.app}" in first.output
    for stage in ("lint", "security", "unit"):
        again = repo.run(stage, "bare")
        assert again.code == 0, again.output
        assert "preparing" not in again.output
    assert noted(repo) == ["began", "ended"]


@pytest.mark.parametrize("change", ["lockfile", "command", "env", "program"])
def test_it_is_done_again_for_something_else(repo: Repository, change: str, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "installer").write_text(INSTALL, encoding="utf-8")
    (programs / "installer").chmod(0o755)
    env = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    table = TABLE.replace('"sh", "install.sh"', '"installer"')
    configure(repo, table)
    assert repo.run("lint", "bare", env=env).code == 0
    if change == "lockfile":
        repo.write("packages.lock", "one 2.0\n")
    elif change == "command":
        configure(repo, table.replace('["installer"]', '["installer", "--all"]'))
    elif change == "env":
        configure(repo, f"{table}\nenv.MORE = '1'\n")
    else:
        (programs / "installer").write_text(f"{INSTALL}\n# another version\n", encoding="utf-8")
    assert repo.run("lint", "bare", env=env).code == 0
    assert repo.run("lint", "bare", env=env).code == 0
    assert noted(repo) == ["began", "ended"] * 2


@pytest.mark.parametrize("how", ["removed", "emptied"])
def test_what_it_made_is_missed(repo: Repository, how: str) -> None:
    assert repo.run("lint", "bare").code == 0
    (repo.app / "modules/packages.lock").unlink()
    if how == "removed":
        (repo.app / "modules").rmdir()
    done = repo.run("lint", "bare")
    assert done.code == 0, done.output
    assert noted(repo) == ["began", "ended"] * 2


def test_what_was_there_and_has_nothing_to_do_with_it_is_not_missed(repo: Repository) -> None:
    repo.write("tmp/pid", "1")
    assert repo.run("lint", "bare").code == 0
    (repo.app / "tmp/pid").unlink()
    (repo.app / "tmp").rmdir()
    assert repo.run("lint", "bare").code == 0
    assert noted(repo) == ["began", "ended"]


def test_one_that_fails_says_so_and_is_done_again(repo: Repository) -> None:
    repo.write("broken", "")
    for _ in range(2):
        done = repo.run("unit", "bare")
        assert done.code == 1, done.output
        assert "bare could not be prepared: `sh install.sh` ended with exit code 3" in done.output
        assert "no such package: left-pad" in done.output.partition("why:")[2]
    (repo.app / "broken").unlink()
    assert repo.run("unit", "bare").code == 0
    assert noted(repo) == ["began", "began", "began", "ended"]


def test_without_its_lockfile_nothing_is_started(repo: Repository) -> None:
    (repo.app / "packages.lock").unlink()
    done = repo.run("lint", "bare")
    assert done.code == 2, done.output
    assert f"bare: packages.lock is missing in {repo.app}, and preparing it goes by that" in done.output
    assert noted(repo) == []


def test_a_program_that_is_missing_is_named(repo: Repository) -> None:
    configure(repo, TABLE.replace('"sh", "install.sh"', '"no-such-installer"'))
    done = repo.run("lint", "bare")
    assert done.code == 2, done.output
    assert "no-such-installer is not installed: there is no such program on this machine" in done.output


def test_several_at_once_prepare_it_once(repo: Repository) -> None:
    repo.write("hold", "")
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(repo.run, stage, "bare") for stage in ("lint", "security", "unit", "lint")]
        until("one of them prepares", (repo.root / "waits").exists)
        (repo.app / "hold").unlink()
        done = [each.result() for each in runs]
    assert [each.code for each in done] == [0, 0, 0, 0], "\n".join(each.output for each in done)
    assert noted(repo) == ["began", "ended"]
    assert sum("preparing bare" in each.output for each in done) == 1


def test_after_a_kill_in_the_middle_it_is_done_again_and_not_beside_what_is_left(repo: Repository) -> None:
    """The installer of a run that was killed goes on: the next run waits for it, and then does all of it."""
    repo.write("hold", "")
    argv = [
        sys.executable,
        str(SCRIPTS / "lint.py"),
        "--config",
        str(repo.root / "apps.toml"),
        "--app",
        "bare",
    ]
    first = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until("it prepares", (repo.root / "waits").exists)
    first.send_signal(signal.SIGKILL)
    first.wait(30)
    second = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert second.stdout is not None
    said = iter(second.stdout.readline, "")
    assert any("waiting for another run that prepares" in line for line in said)
    assert noted(repo) == ["began"]
    (repo.app / "hold").unlink()
    rest = second.stdout.read()
    assert second.wait(30) == 0, rest
    assert noted(repo) == ["began", "ended"] * 2


def test_it_does_not_see_the_secrets_of_others(repo: Repository) -> None:
    env = {
        "SOME_TOKEN": "canary-4711-one",
        "GEM_TOKEN": "canary-4711-two",
        "SLACK_WEBHOOK": "canary-4711-three",
    }
    configure(repo, f'variables = ["GEM_TOKEN"]\n{TABLE}')
    assert repo.run("lint", "bare", env=env).code == 0
    seen = (repo.root / "seen").read_text(encoding="utf-8")
    assert "canary-4711-two" in seen
    assert "canary-4711-one" not in seen
    assert "canary-4711-three" not in seen


def test_a_lockfile_that_it_changes_is_told(repo: Repository) -> None:
    repo.write("install.sh", f"{INSTALL}\necho two 1.0 >> packages.lock\n")
    done = repo.run("lint", "bare")
    assert done.code == 0, done.output
    assert "WARNING: preparing bare has changed packages.lock: commit that" in done.output


def test_prepare_without_lockfiles_is_refused(repo: Repository) -> None:
    configure(repo, 'prepare = [["npm", "ci"]]')
    done = repo.run("lint", "bare")
    assert done.code == 2, done.output
    assert "apps.bare.lockfiles: is missing: the files that `prepare` depends on" in done.output
