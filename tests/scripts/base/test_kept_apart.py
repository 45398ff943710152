"""mypy keeps apart what a parser reads and what is shown: a program that mixes them is not well typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests import ROOT

MIXED = """
from toolkit.base import console
from toolkit.base.outcome import Failed, Outcome
from toolkit.base.redaction import Raw
from toolkit.base.redaction import Shown
from toolkit.base.tools import run
from toolkit.images.builders import sandbox

ran = run(["true"])
console.say(ran.answer)
Failed(ran.answer)
Failed("why", evidence=[ran.answer])
Outcome(reason=ran.errors)
open("file").write(ran.answer)
"".join(["a", ran.answer])
shown: Shown = ran.answer
sandbox.answer(ran.output)
sandbox.has(ran.output)
plain: Shown = "text that nobody redacted"
"""
RIGHT = """
from toolkit.base import console
from toolkit.base.outcome import Failed
from toolkit.base.tools import run
from toolkit.images.builders import sandbox

ran = run(["true"])
console.say(ran.output)
sandbox.answer(ran.answer)
if ran.code:
    raise Failed(ran.output, evidence=ran.tail())
"""


def errors(file: Path, program: str) -> set[int]:
    """The lines in which mypy finds an error."""
    file.write_text(program)
    settings = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(ROOT / ".mypy_cache")]
    argv = [sys.executable, "-m", "mypy", *settings, "--no-warn-unreachable", "--follow-imports=silent"]
    ran = subprocess.run(
        [*argv, str(file)], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    return {int(line.split(":")[1]) for line in ran.stdout.splitlines() if ": error:" in line}


def test_raw_output_is_neither_shown_kept_nor_raised_and_nothing_redacted_is_parsed(tmp_path: Path) -> None:
    lines = MIXED.splitlines()
    mixed = set(range(lines.index("console.say(ran.answer)") + 1, len(lines) + 1))
    assert errors(tmp_path / "mixed.py", MIXED) == mixed
    assert errors(tmp_path / "right.py", RIGHT) == set()
