"""apps.toml that is wrong in any way is refused with a sentence, by every stage: never a traceback.

The same seed makes the same mutations, so a failure here can be looked at again: SEED, and its number.
"""

from __future__ import annotations

import json
import os
import random
import re
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from unittest import mock

import pytest

from tests import ROOT

SEED, COUNT = 20261128, 1000
STAGES = {
    "lint": [], "security": [], "unit": [], "build": [], "plan": [], "deploy": ["--env", "test"],
    "healthcheck": ["--env", "test"], "smoke": ["--env", "test"], "acceptance": ["--env", "test"],
    "approve": ["--env", "production", "--check"], "watch": ["--env", "test", "--for", "1s"],
    "rollback": ["--env", "test"], "alert": [], "status": [], "pipeline": [],
}  # fmt: skip
"""Every script that takes an app, and what else it needs."""

VALUES = (
    *(
        '""',
        '"x"',
        "0",
        "-1",
        "1",
        "99999999999999999999",
        "1.5",
        "nan",
        "inf",
        "true",
        "false",
        "[]",
        "{}",
        "[[]]",
    ),
    *(
        '[""]',
        "[1]",
        "[true]",
        '{ env = "X" }',
        "{ env = 1 }",
        '{ secret = "s", key = "k" }',
        "2027-01-31",
        "07:00:00",
    ),
    *(
        '"\\u0000"',
        '"{space}"',
        '"{nothing}"',
        '"{"',
        '"../.."',
        '"/"',
        '"a.b"',
        '"é"',
        '"3m"',
        '"-3m"',
        "[{}]",
    ),
    *('{ env = "" }', '"' + "n" * 300 + '"', '[["true"], []]', '[["{app_python}"]]', '"main"', '"all"'),
)
KEYS = ("x", "spaces", "env", '""', '"a.b"', "lint", "needs", "all", "suites", "é")


def mutated(text: str, chance: random.Random) -> str:
    """The file with one to three things wrong."""
    lines = text.splitlines()
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        line = lines[at]
        match chance.randrange(9):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, line)
            case 2:
                lines.insert(chance.randrange(len(lines)), line)
            case 3 | 4 | 5 if "=" in line:
                lines[at] = f"{line.partition('=')[0]}= {chance.choice(VALUES)}"
            case 6 if "=" in line:
                lines[at] = f"{chance.choice(KEYS)} ={line.partition('=')[2]}"
            case 7 if line.startswith("["):
                word = chance.choice(re.findall(r"[\w-]+", line) or ["x"])
                lines[at] = line.replace(word, chance.choice((*KEYS, "Test", "sandbox", "a b")), 1)
            case _:
                spot = chance.randrange(len(line) + 1)
                lines[at] = (
                    line[:spot] + chance.choice("[]{}\"'=.,#\\\x00\t é0") + line[spot + chance.randrange(2) :]
                )
        lines = lines or [""]
    return "\n".join(lines) + "\n"


def mutations() -> Iterator[str]:
    chance = random.Random(SEED)  # noqa: S311 - no secret is made of it
    text = "\n".join(
        line for line in (ROOT / "apps.toml").read_text().splitlines() if line[:1] not in ("", "#")
    )
    for _ in range(COUNT):
        yield mutated(text, chance)


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for apps.toml from which nothing can be reached or started; this process is left as it was."""
    (tmp_path / "a file").write_text("")
    before, handler = dict(os.environ), signal.getsignal(signal.SIGTERM)
    source = {"system": "git", "branch": "main", "commit": "c" * 40, "author": "A", "url": "", "dirty": False}
    monkeypatch.setenv("PIPELINE_SOURCE", json.dumps(source))
    monkeypatch.setenv("SANDBOX_STATE", str(tmp_path / "a file"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    yield tmp_path
    os.environ.clear()
    os.environ.update(before)
    signal.signal(signal.SIGTERM, handler)


def flags(stage: str, file: Path) -> list[str]:
    cluster = [] if stage == "alert" else ["--cluster", "kubeconfig"]
    return ["--app", "submitter", "--config", str(file), *cluster, *STAGES[stage]]


def in_process(stage: str, file: Path) -> int:
    """Run a script as Python runs it, without a Python of its own; its exit code."""
    with mock.patch.object(sys, "argv", [f"{stage}.py", *flags(stage, file)]):
        try:
            runpy.run_path(str(ROOT / "scripts" / f"{stage}.py"), run_name="__main__")
        except SystemExit as end:
            return int(end.code or 0)
    return 0


def test_a_thousand_wrong_files_end_no_stage_in_a_traceback(
    nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, kept = nowhere / "apps.toml", dict(os.environ)
    codes: dict[int, int] = {}
    for number, (text, stage) in enumerate(zip(mutations(), cycle(STAGES), strict=False)):
        file.write_text(text, encoding="utf-8")
        os.environ.update(kept)
        what = f"mutation {number} of seed {SEED}, {stage}"
        try:
            code = in_process(stage, file)
        except Exception as error:
            raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error
        said = capsys.readouterr()
        assert code in (0, 1, 2, 3), what
        assert "Traceback" not in said.out + said.err and "nobody foresaw" not in said.out, (
            f"{what}: {said.out}"
        )
        assert code == 0 or "why: " in said.out, f"{what}: {said}"
        codes[code] = codes.get(code, 0) + 1
    assert codes[2] > COUNT * 0.5, codes


def test_a_wrong_file_is_the_same_to_a_process_of_its_own(nowhere: Path) -> None:
    file = nowhere / "apps.toml"
    for text, stage in zip(islice(mutations(), 100, None), STAGES, strict=False):
        file.write_text(text, encoding="utf-8")
        argv = [sys.executable, str(ROOT / "scripts" / f"{stage}.py"), *flags(stage, file)]
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, cwd=nowhere)
        assert ran.returncode in (0, 1, 2, 3), ran
        assert "Traceback" not in ran.stdout + ran.stderr and "nobody foresaw" not in ran.stdout, ran
