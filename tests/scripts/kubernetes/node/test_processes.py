"""Programs of the node are ended by what was written down of them, and nobody else's are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.kubernetes.node import processes
from tests.scripts.scripted import until

HEEDLESS = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); time.sleep(600)"
)


def begin(folder: Path, *argv: str) -> int:
    return processes.start(folder / "pid", folder / "log", argv, os.environ)


def test_what_runs_is_not_started_twice_and_ends(tmp_path: Path) -> None:
    pid = begin(tmp_path, "sleep", "600")
    assert begin(tmp_path, "sleep", "600") == pid == processes.read(tmp_path / "pid")
    assert processes.end(tmp_path / "pid")
    assert not processes.started(pid)
    assert not (tmp_path / "pid").exists()
    assert not processes.end(tmp_path / "pid"), "there is nothing to end any more"


def test_what_does_not_heed_is_killed(tmp_path: Path) -> None:
    pid = begin(tmp_path, sys.executable, "-c", HEEDLESS)
    while "up" not in (tmp_path / "log").read_text():
        assert processes.started(pid)
    assert processes.end(tmp_path / "pid", patience=0.2)
    assert not processes.started(pid)


def test_a_pid_that_somebody_else_has_by_now_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "600"])
    try:
        (tmp_path / "pid").write_text(f"{other.pid} 1")
        assert processes.read(tmp_path / "pid") is None
        assert not processes.end(tmp_path / "pid")
        assert other.poll() is None
        assert not (tmp_path / "pid").exists()
    finally:
        other.kill()
        other.wait()


def test_a_note_that_is_none_is_no_program(tmp_path: Path) -> None:
    for text in ("", "x", "12", "-1 5", "1 2 3"):
        (tmp_path / "pid").write_text(text)
        assert processes.read(tmp_path / "pid") is None


def test_processes_are_found_by_whole_words_of_their_command(tmp_path: Path) -> None:
    pid = begin(tmp_path, "sleep", "600.25")
    try:
        until(lambda: processes.with_words("600.25") == [pid])  # its words are there a moment after it is
        assert processes.with_words("600.2") == []
    finally:
        processes.end(tmp_path / "pid")
