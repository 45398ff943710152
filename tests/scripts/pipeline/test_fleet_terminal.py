"""Several runs on a terminal: a moving line per app, results that stay, a clean screen afterwards."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

from tests.scripts.pipeline.test_fleet import ROOT, Toys

AT_WORK = (r"… alpha +\d/3 .*unit \d", r"… beta +\d/3 .*unit \d", "counting")
SECONDS = 60.0
"""After so long the apps go on, seen or not, and the test says what was missing."""


def plain(seen: bytes) -> str:
    """What a terminal was sent, without what moves its cursor and colours it."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode(errors="replace"))


def test_each_app_has_its_line_and_the_screen_is_left_clean(tmp_path: Path) -> None:
    toys = Toys(tmp_path / "a folder")
    # alpha and beta are seen at work together: each goes on when the lines of both were shown
    toys.script("alpha", "unit", "echo counting; until [ -e ../seen ]; do sleep 0.05; done")
    toys.script("beta", "unit", "until [ -e ../seen ]; do sleep 0.05; done")
    ours, theirs = pty.openpty()
    env = {**toys.env, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    env.pop("NO_COLOR", None)
    argv = [sys.executable, str(ROOT / "scripts/pipeline.py"), "--app", "all", "--jobs", "4"]
    process = subprocess.Popen(
        [*argv, "--config", str(toys.root / "apps.toml")],
        cwd=toys.root,
        env=env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    until = time.monotonic() + SECONDS
    while True:
        if all(re.search(line, plain(seen)) for line in AT_WORK) or time.monotonic() > until:
            (toys.root / "seen").touch()
        if not select.select([ours], [], [], 1)[0]:
            continue
        try:
            more = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        seen += more
    assert process.wait(timeout=60) == 0
    text = plain(seen)
    for line in AT_WORK:
        assert re.search(line, text), text
    assert "✔ gamma lint passed" in text
    assert seen.rindex(b"\x1b[?25h") > seen.rindex(b"\x1b[?25l"), "the cursor is back"
    assert text.rstrip().endswith("3 of 3 apps passed")
