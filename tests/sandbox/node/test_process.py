"""A container's process and a node that is killed while it starts it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.node.processes.process import Process
from tests.sandbox.local import ROOT

# A node that is killed once its shim has been told what to run, and before it heard that it runs.
KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from sandbox.node.processes import process

process._readable = lambda _: os.kill(os.getpid(), signal.SIGKILL)
start = process.Process.start(Path(sys.argv[1]), file=sys.argv[2], argv=["x", "60"], env={}, cwd=Path("/"))
asyncio.run(start)
"""


@pytest.mark.parametrize("turn", range(5))
def test_a_process_that_was_about_to_start_is_found_again(tmp_path: Path, turn: int) -> None:
    argv = [sys.executable, "-c", KILLED, str(tmp_path), "/usr/bin/sleep"]
    node = subprocess.run(argv, cwd=ROOT, check=False, timeout=60)
    assert node.returncode == -signal.SIGKILL
    found = Process.adopt(tmp_path)
    assert found is not None and found.running, f"turn {turn}"
    found.signal(signal.SIGKILL)


def test_where_nothing_was_started_nothing_is_waited_for(tmp_path: Path) -> None:
    assert Process.adopt(tmp_path) is None
    (tmp_path / "shim.lock").touch()  # by a node that was killed before it started its shim
    assert Process.adopt(tmp_path) is None
