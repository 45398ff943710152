"""Whether the process of a record still runs: another of its number, another boot, machine or container."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from toolkit.runs import life

HOLDS = (
    "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); from toolkit.runs import life;"
    "print(life.hold(Path(sys.argv[2])), flush=True); sys.stdin.read()"
)


def elsewhere(**more: Any) -> dict[str, Any]:
    """This process as another kernel would name it."""
    return {**life.me(), "boot": "another-boot", "machine": "another-machine", **more}


def aged(folder: Path) -> None:
    for each in (*folder.iterdir(), folder):
        os.utime(each, (0, 0))


def test_this_process_runs_and_one_that_was_waited_for_does_not() -> None:
    child = subprocess.Popen(["sleep", "300"])
    known = life.of(child.pid)
    assert life.alive(life.me()) and life.alive(known)
    child.kill()
    child.wait()
    assert not life.alive(known)


def test_a_dead_child_that_nobody_waited_for_is_dead() -> None:
    child = subprocess.Popen(["true"], stdout=subprocess.PIPE)
    known = life.of(child.pid)
    assert child.stdout is not None
    child.stdout.read()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not life.alive(known)
    child.wait()


def test_a_later_process_of_the_same_number_is_another_one() -> None:
    assert not life.alive({**life.me(), "since": life.me()["since"] + 1})


@pytest.mark.parametrize(
    "process", [None, 5, [], {}, {"pid": "1"}, {"pid": True}, {"pid": -1}, {"pid": 2**40}]
)
def test_what_names_no_process_is_dead(process: object) -> None:
    assert not life.alive(process)


def test_a_record_of_before_is_known_by_its_number() -> None:
    assert life.alive({"pid": os.getpid()})


def test_another_boot_of_this_machine_is_dead(tmp_path: Path) -> None:
    life.hold(tmp_path)
    known = elsewhere(machine=life.me()["machine"])
    if not known["machine"]:
        pytest.skip("this machine has no /etc/machine-id")
    other = tmp_path / "other"
    other.mkdir()
    (other / life.LOCK).touch()
    assert not life.alive(known, other, (other / life.LOCK).stat().st_ino)


def test_another_machine_that_wrote_a_moment_ago_is_left_alone_and_a_silent_one_is_dead(
    tmp_path: Path,
) -> None:
    (tmp_path / life.LOCK).touch()
    inode = (tmp_path / life.LOCK).stat().st_ino
    assert life.alive(elsewhere(), tmp_path, inode)
    aged(tmp_path)
    assert not life.alive(elsewhere(), tmp_path, inode)


def test_another_container_is_known_by_its_lock_however_silent(tmp_path: Path) -> None:
    scripts = str(Path(life.__file__).parents[2])
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDS, scripts, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    inode = int(child.stdout.readline())
    known = {**life.of(child.pid), "space": "pid:[1]"}
    aged(tmp_path)
    assert life.alive(known, tmp_path, inode)
    child.kill()
    child.communicate()
    aged(tmp_path)
    assert not life.alive(known, tmp_path, inode)


def test_a_record_that_a_ci_job_handed_on_is_dead_at_once(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    inode = life.hold(first)
    shutil.copytree(first, tmp_path / "second")
    assert not life.alive(elsewhere(), tmp_path / "second", inode)
    assert life.alive(elsewhere(), first, inode)
