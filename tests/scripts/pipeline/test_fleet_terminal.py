"""Several runs on a terminal: a moving line per app, results that stay, a clean screen afterwards."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from tests.scripts.pipeline.test_fleet import ROOT, Toys


def test_each_app_has_its_line_and_the_screen_is_left_clean(tmp_path: Path) -> None:
    toys = Toys(tmp_path / "a folder")
    # alpha and beta are seen at work together: each goes on when the other is there
    toys.script("alpha", "unit", "echo counting; touch ../a; until [ -e ../b ]; do sleep 0.05; done; sleep 1")
    toys.script("beta", "unit", "touch ../b; until [ -e ../a ]; do sleep 0.05; done; sleep 1")
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
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        seen += more
    assert process.wait(timeout=60) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode(errors="replace"))
    assert re.search(r"… alpha +\d/3 .*unit \d", text), text
    assert re.search(r"… beta +\d/3 .*unit \d", text)
    assert "counting" in text
    assert "✔ gamma lint passed" in text
    assert seen.rindex(b"\x1b[?25h") > seen.rindex(b"\x1b[?25l"), "the cursor is back"
    assert text.rstrip().endswith("3 of 3 apps passed")
